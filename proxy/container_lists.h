#pragma once
#include <optional>
#include <string>
#include <string_view>
#include "base/task.h"
#include "proxy/routes.h"
namespace proxy {
class Engine; class EngineState;
class ContainerLists {
 public:
  ContainerLists(Engine&, EngineState&) {}
  class Change {
   public:
    Change(ContainerLists&, Effect, std::string_view) {}
    void answered(int, std::string_view) {}
  };
  base::Task<std::optional<std::string>> answer(std::string_view, std::string_view) { co_return std::nullopt; }
};
}
