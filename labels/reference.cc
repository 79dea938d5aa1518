#include "labels/reference.h"

#include "labels/fields.h"
#include "labels/keys.h"

namespace labels {
namespace {

struct Section {
  std::string_view title;
  Dialect dialect;
  Where where;
};

constexpr Section sections[] = {
    {"Labels of containers", Dialect::drover, Where::containerLabel},
    {"Labels of nodes", Dialect::drover, Where::nodeLabel},
    {"Rancher's labels of containers", Dialect::rancher, Where::containerLabel},
    {"Rancher's labels of hosts", Dialect::rancher, Where::nodeLabel},
    {"Classic Swarm's expressions in the environment", Dialect::swarm, Where::environment},
    {"Classic Swarm's labels of containers", Dialect::swarm, Where::containerLabel},
    {"Labels of nodes and engines that others use", Dialect::swarm, Where::nodeLabel},
};

std::string row(const Key& key) {
  std::string name(key.name);
  if (name.ends_with('.')) name += "<name>";
  return "| `" + name + "` | " + std::string(key.takes) + " | " + std::string(key.help) + " |\n";
}

std::string fieldRow(const Field& field) {
  std::string rest = field.name.ends_with('.') ? "<key>" : "";
  std::string alias = field.alias.empty() ? "" : "`" + std::string(field.alias) + rest + "`";
  return "| `" + std::string(field.name) + rest + "` | " + alias + " | " + std::string(field.help) +
         " |\n";
}

}  // namespace

std::string reference() {
  std::string text;
  for (const Section& section : sections) {
    text += "### " + std::string(section.title) + "\n\n| Key | Takes | Meaning |\n|---|---|---|\n";
    for (const Key& key : keys()) {
      if (key.dialect == section.dialect && key.where == section.where) text += row(key);
    }
    text += "\n";
  }
  for (Use use : {Use::constraint, Use::affinity}) {
    text +=
        use == Use::constraint ? "### What constraints look at\n" : "### What affinities look at\n";
    text += "\n| Field | Also | Meaning |\n|---|---|---|\n";
    for (const Field& field : fields()) {
      if (field.use == use) text += fieldRow(field);
    }
    text += "\n";
  }
  return text;
}

}  // namespace labels
