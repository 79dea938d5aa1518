#include "proxy/api/chosen_answer.h"

#include "proxy/http/respond.h"

namespace proxy {

base::Task<> sendChosen(Exchange& exchange, const catalog::Chosen& chosen,
                        const std::vector<catalog::NodeReply>& replies, std::string_view common) {
  if (chosen.own) {
    co_await sendAnswer(exchange, chosen.status, replies[chosen.node].head, chosen.body);
  } else {
    co_await sendJson(exchange, chosen.status, common, chosen.body);
  }
}

}  // namespace proxy
