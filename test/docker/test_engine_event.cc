// Which events of an engine may change what it holds beside containers.

#include "docker/engine_event.h"

#include <criterion/criterion.h>

#include <string>

using namespace docker;

Test(engine_event, tells_the_kind_that_may_have_changed) {
  const struct {
    const char* type;
    const char* action;
    std::optional<ObjectKind> expected;
  } cases[] = {
      {"network", "create", ObjectKind::network},
      {"network", "destroy", ObjectKind::network},
      {"network", "connect", {}},
      {"network", "disconnect", {}},
      {"volume", "create", ObjectKind::volume},
      {"volume", "destroy", ObjectKind::volume},
      {"volume", "mount", {}},
      {"volume", "unmount", {}},
      {"image", "pull", ObjectKind::image},
      {"image", "tag", ObjectKind::image},
      {"image", "untag", ObjectKind::image},
      {"image", "delete", ObjectKind::image},
      {"image", "load", ObjectKind::image},
      {"image", "save", {}},
      {"image", "push", {}},
      {"container", "commit", ObjectKind::image},
      {"container", "start", {}},
      {"daemon", "reload", {}},
      {"image", "something new", ObjectKind::image},
  };
  for (const auto& each : cases) {
    std::string event = std::string("{\"Type\":\"") + each.type + "\",\"Action\":\"" + each.action +
                        "\",\"Actor\":{\"ID\":\"1\"}}";
    cr_expect(objectChange(event) == each.expected, "%s", event.c_str());
  }
  for (const char* wrong : {"", "[]", "{", "{\"Type\":5,\"Action\":\"create\"}"})
    cr_expect_not(objectChange(wrong).has_value(), "%s", wrong);
}

Test(engine_event, a_container_that_is_new_or_has_another_name) {
  for (const char* action : {"create", "rename"})
    cr_expect(isNamed(std::string(R"({"Type":"container","Action":")") + action + "\"}"), "%s",
              action);
  for (const char* other : {R"({"Type":"container","Action":"start"})", "", "{",
                            R"({"Type":"volume","Action":"create"})"})
    cr_expect_not(isNamed(other), "%s", other);
}

Test(engine_event, a_container_that_is_gone) {
  auto event = [](const std::string& type, const std::string& action, const std::string& actor) {
    return R"({"Type":")" + type + R"(","Action":")" + action + R"(","Actor":)" + actor + "}";
  };
  cr_expect_eq(removedContainer(event("container", "destroy", R"({"ID":"abc"})")).value_or(""),
               "abc");
  cr_expect_eq(removedVolume(event("volume", "destroy", R"({"ID":"data"})")).value_or(""), "data");
  cr_expect_not(removedVolume(event("container", "destroy", R"({"ID":"abc"})")).has_value());
  for (const std::string& other :
       {event("container", "die", R"({"ID":"abc"})"), event("volume", "destroy", R"({"ID":"abc"})"),
        event("container", "destroy", "{}"), event("container", "destroy", R"({"ID":""})"),
        event("container", "destroy", "5"), std::string("{"), std::string()})
    cr_expect_not(removedContainer(other).has_value(), "%s", other.c_str());
}

Test(engine_event, a_reload_of_the_engine_s_configuration) {
  cr_expect(isReload("{\"Type\":\"daemon\",\"Action\":\"reload\",\"Actor\":{\"ID\":\"1\"}}"));
  for (const char* other : {"{\"Type\":\"container\",\"Action\":\"reload\"}", "", "[]", "{",
                            "{\"Type\":\"daemon\",\"Action\":5}"})
    cr_expect_not(isReload(other), "%s", other);
}
