#include "labels/fields.h"

namespace labels {
namespace {

constexpr Field table[] = {
    {"node", Use::constraint, false, "", "the node's name or id"},
    {"node.name", Use::constraint, false, "node.hostname", "the node's name"},
    {"node.id", Use::constraint, false, "", "the node's id"},
    {"node.ip", Use::constraint, false, "", "the node's address"},
    {"node.os", Use::constraint, false, "node.platform.os", "linux"},
    {"node.distribution", Use::constraint, false, "node.operatingsystem",
     "the operating system, as Debian GNU/Linux 12 (bookworm)"},
    {"node.kernel", Use::constraint, false, "", "the kernel's version"},
    {"node.arch", Use::constraint, false, "node.platform.arch", "amd64, arm64, ..."},
    {"node.engine", Use::constraint, false, "", "the engine's version"},
    {"node.storage", Use::constraint, false, "", "the storage driver, as overlay2"},
    {"node.cpus", Use::constraint, true, "", "number of processors"},
    {"node.memory", Use::constraint, true, "",
     "bytes of memory; 16GiB and the like can be written"},
    {"node.zone", Use::constraint, false, "",
     "the label io.drover.zone, zone or io.rancher.host.zone"},
    {"node.label.", Use::constraint, false, "node.labels.",
     "a label given to the node (docker node update --label-add)"},
    {"engine.label.", Use::constraint, false, "engine.labels.", "a label given to the engine"},
    {"container", Use::affinity, false, "container.name",
     "a container there, by name, id or prefix of an id of 12 digits at least"},
    {"container.image", Use::affinity, false, "", "the image of a container there"},
    {"container.label.", Use::affinity, false, "label.", "a label of a container there"},
    {"service", Use::affinity, false, "",
     "project/service of a container there; a service alone is one of the own project"},
    {"project", Use::affinity, false, "", "the Compose project of a container there"},
    {"image", Use::affinity, false, "", "an image there, by name, name:tag or id"},
    {"network", Use::affinity, false, "", "a network there, by name or id"},
    {"volume", Use::affinity, false, "", "a volume there"},
};

bool isLabel(const Field& field) {
  return field.name.ends_with('.');
}

}  // namespace

std::span<const Field> fields() {
  return table;
}

std::optional<FieldName> findField(std::string_view name, Use use) {
  for (const Field& field : table) {
    if (field.use != use) continue;
    for (std::string_view spelling : {field.name, field.alias}) {
      if (spelling.empty()) continue;
      if (!isLabel(field) && name == spelling)
        return FieldName{std::string(field.name), field.asNumber};
      if (isLabel(field) && name.starts_with(spelling) && name.size() > spelling.size())
        return FieldName{std::string(field.name) + std::string(name.substr(spelling.size())),
                         false};
    }
  }
  return std::nullopt;
}

std::vector<std::string> fieldNames(Use use) {
  std::vector<std::string> names;
  for (const Field& field : table) {
    if (field.use == use)
      names.push_back(std::string(field.name) + (isLabel(field) ? "<key>" : ""));
  }
  return names;
}

}  // namespace labels
