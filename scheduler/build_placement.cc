#include "scheduler/build_placement.h"

#include "base/json.h"
#include "docker/heads.h"
#include "docker/query.h"
#include "docker/request_types.h"
#include "labels/decode.h"
#include "labels/keys.h"

namespace scheduler {
namespace {

constexpr std::string_view buildKit = "2";  // the query's version

catalog::Located refused(int status, const std::string& message) {
  catalog::Located located;
  located.status = status;
  located.body = docker::errorBody(message);
  return located;
}

}  // namespace

std::optional<std::string> buildAsCreate(std::string_view query) {
  std::string given = docker::parseQuery(query).value("buildargs");
  const rapidjson::Document arguments =
      base::parseJson(base::readAsGo(given, docker::buildArgsType).text);
  if (!arguments.IsObject()) return std::nullopt;
  std::vector<std::string> expressions;
  for (const auto& each : arguments.GetObject()) {
    // "constraint:node==db-1" comes as "constraint:node" with the value "=db-1".
    std::string name(base::asText(each.name));
    if (!each.value.IsString() || !labels::findKey(name, labels::Where::environment)) continue;
    expressions.push_back(name + "=" + std::string(base::asText(each.value)));
  }
  if (expressions.empty()) return std::nullopt;
  base::JsonWriter body;
  body.object().members("Env", expressions).endObject();
  return body.text();
}

catalog::Located nodeForBuild(std::string_view query, Scheduler& placements,
                              const catalog::Locator& locator, const cluster::NodeId& self) {
  catalog::Located located;
  std::optional<std::string> body = buildAsCreate(query);
  if (!body) {
    located.node = locator.node(self);
    return located;
  }
  labels::Decoded asked = labels::decode(*body, {docker::parseQuery(query).value("platform")});
  if (asked.problem) return refused(400, asked.problem->message());
  Placement placement = placements.place(asked.policy, "");
  for (const Candidate& each : placement.candidates) {
    std::optional<cluster::NodeId> id = cluster::NodeId::parse(each.id);
    if (id) located.node = locator.node(*id);
    if (located.node && located.node->up) break;
    located.node.reset();
  }
  if (!located.node) return refused(409, placement.why);
  if (located.node->self || docker::parseQuery(query).value("version") != buildKit) return located;
  return refused(400, "this build must run on node " + located.node->name +
                          ", but BuildKit builds on the node that is asked; set DOCKER_BUILDKIT=0, "
                          "or ask that node");
}

}  // namespace scheduler
