#include "proxy/api/all_nodes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "catalog/merge_errors.h"
#include "catalog/offline_lists.h"
#include "docker/heads.h"
#include "proxy/api/chosen_answer.h"
#include "proxy/http/respond.h"
#include "proxy/merge/merge_usage.h"

namespace proxy {
namespace {

// How long a node may take over what walks through its disk.
constexpr base::milliseconds diskTimeout(120'000);

// The target without its filter node=, whose values become `wanted`.
std::string takeNodeFilter(std::string_view target, docker::FilteredQuery& query,
                           std::vector<std::string>& wanted) {
  wanted = docker::takeNodeFilter(query);
  if (wanted.empty()) return std::string(target);
  std::string taken(target.substr(0, target.find('?')));
  std::string rest = query.text();
  return rest.empty() ? taken : taken + "?" + rest;
}

}  // namespace

base::Task<> AllNodes::answer(Exchange& exchange, RouteMatch match, Options options, Merge merge) {
  std::optional<docker::FilteredQuery> query = docker::parseFilteredQuery(match.query);
  std::vector<std::string> wanted;
  base::HttpCall call;
  call.method = match.route().method;
  call.target = exchange.request().target();
  if (query && options.takesNodeFilter)
    call.target = takeNodeFilter(exchange.request().target(), *query, wanted);
  call.timeout = options.walksDisk ? diskTimeout : catalog::listTimeout;
  call.maxAnswer = maxBody_;
  call.idempotent = call.method == "GET";
  std::vector<cluster::Node> nodes = nodes_.nodes();
  std::erase_if(nodes, [&](const cluster::Node& node) {
    return !docker::wantsNode(wanted, node.id.text(), node.name);
  });
  docker::ContainerListCache::Change change(lists_, match.route().effect, match.object);
  std::vector<catalog::NodeReply> replies =
      co_await catalog::askAll(engine_, std::move(nodes), std::move(call));
  std::vector<catalog::NodeAnswer> known = recorded(replies, options, query);
  change.answered(200, {});
  catalog::Chosen chosen = catalog::chooseList(catalog::outcomesOf(replies));
  if (chosen.status != 200 && !replies.empty()) {
    co_await sendChosen(exchange, chosen, replies, local_.commonHeaders());
    co_return;
  }
  std::vector<catalog::NodeAnswer> answers = catalog::successesOf(std::move(replies));
  std::move(known.begin(), known.end(), std::back_inserter(answers));
  std::string body =
      catalog::mergeSound(std::move(answers), merge, [this](const catalog::MergeError& wrong) {
        log_.warn("node did not answer, list is incomplete",
                  {{"node", wrong.nodeName()}, {"reason", wrong.what()}});
      });
  co_await sendJson(exchange, 200, local_.commonHeaders(), body);
}

// What is known of those that did not answer. Networks and volumes are where they are, so they stay
// in the lists; images that nobody can use do not.
std::vector<catalog::NodeAnswer> AllNodes::recorded(
    const std::vector<catalog::NodeReply>& replies, const Options& options,
    const std::optional<docker::FilteredQuery>& query) {
  std::vector<catalog::NodeAnswer> answers;
  for (const catalog::NodeReply& each : replies) {
    if (!catalog::isSilence(each.status)) continue;
    std::string reason = each.status ? docker::errorMessage(each.body) : each.fault;
    log_.warn("node did not answer, list is incomplete",
              {{"node", each.node.name}, {"reason", reason}});
    if (!options.listed || !query) continue;
    std::optional<std::string> list =
        catalog::recordedHeld(*options.listed, records_, index_, each.node.id, *query);
    if (list)
      answers.push_back(
          {std::string(each.node.id.text()), each.node.name, each.node.address, std::move(*list)});
  }
  return answers;
}

base::Task<> AllNodes::prune(Exchange& exchange, RouteMatch match, std::string_view kind) {
  Options options;
  options.walksDisk = true;
  return answer(exchange, match, options,
                [kind](const auto& answers) { return mergePrune(answers, kind); });
}

}  // namespace proxy
