#include "proxy/api/chosen_answer.h"

#include "proxy/http/answer.h"

namespace proxy {

base::Task<> sendChosen(Client& client, const catalog::Chosen& chosen,
                        const std::vector<catalog::NodeReply>& replies, std::string_view common) {
  if (chosen.own) {
    co_await sendAnswer(client, chosen.status, replies[chosen.node].head, chosen.body);
  } else {
    co_await sendJson(client, chosen.status, common, chosen.body);
  }
}

}  // namespace proxy
