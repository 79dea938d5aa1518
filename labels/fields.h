#pragma once

// The names of what rules can look at. One table: readers of expressions know by it what may be
// written, and docs/labels.md shows it.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace labels {

// What an expression speaks of: nodes themselves, or what is on them.
enum class Use { constraint, affinity };

struct Field {
  std::string_view name;  // ends in a dot if a label's key follows
  Use use = Use::constraint;
  bool asNumber = false;   // values are numbers or sizes; all others are compared as versions
  std::string_view alias;  // also accepted; may be empty
  std::string_view help;
};

std::span<const Field> fields();

struct FieldName {
  std::string name;  // in the table's spelling, with the label's key
  bool asNumber = false;
};
// Nothing for a name that is not in the table.
std::optional<FieldName> findField(std::string_view name, Use use);
// How the names that may be used are written; label keys as <key>.
std::vector<std::string> fieldNames(Use use);

// Fields that only the dialects of others and our own filters use.
namespace field {
constexpr std::string_view anyLabel = "host.label.";  // node's label, or its engine's
constexpr std::string_view containerLabel = "container.label.";
constexpr std::string_view nodeLabel = "node.label.";
constexpr std::string_view engineLabel = "engine.label.";
constexpr std::string_view plugin = "plugin.";  // and their kind
constexpr std::string_view node = "node";
constexpr std::string_view container = "container";
constexpr std::string_view service = "service";
constexpr std::string_view project = "project";
constexpr std::string_view image = "image";
constexpr std::string_view group = "group";             // container_identity.h
constexpr std::string_view unit = "unit";               // container_identity.h
constexpr std::string_view claims = "claims";           // units that a primary has as sidekicks
constexpr std::string_view volumeHome = "volume.home";  // local volumes
constexpr std::string_view network = "network";
constexpr std::string_view volume = "volume";
}  // namespace field

}  // namespace labels
