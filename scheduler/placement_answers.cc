#include "scheduler/placement_answers.h"

#include <optional>
#include <string_view>

#include "base/json.h"
#include "docker/merge_json.h"

namespace scheduler {

std::vector<std::string> unheeded(const labels::Policy& policy, const std::string& alone) {
  std::vector<std::string> all;
  auto note = [&](bool asked, std::string_view label) {
    if (asked) all.push_back(std::string(label) + " is understood, but has no effect yet");
  };
  note(policy.reschedule && *policy.reschedule != labels::Reschedule::off, "io.drover.reschedule");
  note(!policy.requestedIps.empty(), "io.rancher.container.requested_ip");
  note(policy.clusterDns.has_value(), "io.rancher.container.dns");
  note(policy.dnsPriority.has_value(), "io.rancher.container.dns.priority");
  note(!policy.linkSelector.empty(), "io.rancher.service.selector.link");
  note(!policy.containerSelector.empty(), "io.rancher.service.selector.container");
  if (!alone.empty())
    all.push_back("this global container uses one that is neither global nor a sidekick of it (" +
                  alone + "), so it is on that one's node only");
  return all;
}

std::string withWarnings(const std::string& body, const std::vector<std::string>& warnings) {
  std::optional<docker::JsonObject> object = docker::JsonObject::parse(body);
  if (warnings.empty() || !object) return body;
  std::vector<std::string> texts;
  texts.reserve(warnings.size());
  for (const std::string& each : warnings) texts.push_back(docker::jsonString(each));
  std::vector<std::string_view> all =
      docker::jsonElements(object->find("Warnings")).value_or(std::vector<std::string_view>());
  all.insert(all.end(), texts.begin(), texts.end());
  object->set("Warnings", docker::jsonList(all));
  return object->text();
}

std::string explanation(const Placement& placement, const std::vector<std::string>& warnings) {
  base::JsonWriter json;
  json.object().list("Candidates");
  for (const Candidate& each : placement.candidates) {
    json.object().member("NodeID", each.id).member("Node", each.name);
    json.member("Reason", each.reason).endObject();
  }
  json.endList().list("Rejected");
  for (const Rejection& each : placement.rejected) {
    json.object().member("NodeID", each.id).member("Node", each.name);
    json.member("Filter", each.filter).member("Reason", each.message).endObject();
  }
  json.endList().members("Warnings", warnings);
  return json.endObject().text();
}

}  // namespace scheduler
