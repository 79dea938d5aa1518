#include "proxy/api/rename_calls.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/url.h"
#include "docker/query.h"
#include "proxy/http/respond.h"

namespace proxy {

base::Task<> RenameCalls::rename(Exchange& exchange, RouteMatch match) {
  ObjectCalls::Owner owner =
      co_await parts_.objects.owner(exchange, match, catalog::Kind::container);
  if (!owner.node) co_return;
  cluster::Node node = std::move(*owner.node);
  std::string name(orchestrator::withoutSlash(docker::parseQuery(match.query).value("name")));
  std::string object = name;
  std::vector<std::string> before;
  if (const catalog::ContainerIndex::Entry* entry = parts_.index.find(match.object).entry) {
    object = entry->first;
    before = entry->second.names;
  }
  orchestrator::NameClaims::Claim claimed(parts_.names);
  docker::Refusal refusal;
  // Its own name is its own already; what the engine says to that it says by itself.
  bool isOwn = base::decodePath(match.object).value_or("") == name ||
               std::find(before.begin(), before.end(), name) != before.end();
  if (!isOwn) refusal = co_await claimed.take(name);
  if (refusal.status) {
    co_await sendRefusal(exchange, parts_.local.commonHeaders(), std::move(refusal));
    co_return;
  }
  try {
    co_await parts_.objects.send(exchange, match, node);
  } catch (const base::Unreachable&) {
    throw;  // it has heard of nothing
  } catch (...) {
    claimed.outcomeUnknown(node.id);
    throw;
  }
  if (exchange.status == 503) claimed.outcomeUnknown(node.id);
  if (exchange.status != 204) co_return;
  claimed.commit(node.id, object);
  parts_.names.freed(before);
}

}  // namespace proxy
