#include "proxy/container_rename.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proxy/answer.h"
#include "proxy/list_query.h"
#include "proxy/merge_errors.h"
#include "proxy/merge_plan.h"
#include "proxy/relay.h"

namespace proxy {
namespace {

constexpr base::milliseconds renameTimeout(120'000);
constexpr size_t answerMost = 4 * 1024 * 1024;

}  // namespace

base::Task<> ContainerRename::run(Client& client, RouteMatch match, cluster::Node node) {
  std::string name(withoutSlash(queryValue(match.query, "name")));
  std::string object = name;
  std::vector<std::string> before;
  if (const ContainerIndex::Place* place = parts_.index.find(match.object).place) {
    object = place->first;
    before = place->second.names;
  }
  NameClaims::Claim claimed(parts_.names);
  Refusal refusal;
  // Its own name is its own already; what the engine says to that it says by itself.
  bool isOwn = decodePath(match.object).value_or("") == name ||
               std::find(before.begin(), before.end(), name) != before.end();
  if (!isOwn) refusal = co_await claimed.take(name);
  if (refusal.status) {
    co_await sendError(client, refusal.status, parts_.local.commonHeaders(), refusal.message,
                       false);
    co_return;
  }
  try {
    if (node.self) {
      co_await parts_.local.passThrough(client, match);
    } else {
      co_await relay(client, *node.http, RelayOptions());
    }
  } catch (const base::Unreachable&) {
    throw;  // it has heard of nothing
  } catch (...) {
    claimed.mayStand(node.id);
    throw;
  }
  if (client.status == 503) claimed.mayStand(node.id);
  if (client.status != 204) co_return;
  claimed.stands(node.id, object);
  parts_.names.freed(before);
}

base::Task<std::string> ContainerRename::ours(std::string id, std::string name,
                                              std::string holder) {
  NameClaims::Claim claimed(parts_.names);
  Refusal refusal = co_await claimed.take(name, std::move(holder));
  if (refusal.status) co_return refusal.message;
  std::vector<std::string> before;
  if (const ContainerIndex::Place* place = parts_.index.find(id).place)
    before = place->second.names;
  std::string target =
      "/containers/" + encodeQueryValue(id) + "/rename?name=" + encodeQueryValue(name);
  base::HttpCall call;
  call.method = "POST";
  call.target = std::move(target);
  call.timeout = renameTimeout;
  call.most = answerMost;
  call.mayRepeat = false;
  base::HttpReply reply = co_await parts_.local.change(std::move(call), Effect::containers, id);
  if (reply.status != 204) co_return errorMessage(reply.body);
  claimed.stands(parts_.agent.self(), id);
  parts_.names.freed(before);
  co_return std::string();
}

}  // namespace proxy
