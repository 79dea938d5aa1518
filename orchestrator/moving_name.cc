#include "orchestrator/moving_name.h"

namespace orchestrator {
namespace {

constexpr std::string_view mark = ".moving.";
constexpr size_t shortId = 12;

}  // namespace

std::string movingName(std::string_view name, std::string_view id) {
  return std::string(name).append(mark).append(id.substr(0, shortId));
}

std::optional<MovingName> parseMovingName(std::string_view name) {
  if (name.size() <= mark.size() + shortId) return std::nullopt;
  size_t at = name.size() - mark.size() - shortId;
  std::string_view id = name.substr(name.size() - shortId);
  bool fits =
      name.substr(at, mark.size()) == mark && id.find_first_not_of("0123456789abcdef") == id.npos;
  if (!fits) return std::nullopt;
  return MovingName{std::string(name.substr(0, at)), std::string(id)};
}

}  // namespace orchestrator
