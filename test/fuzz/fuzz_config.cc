// droverd.yml: any text gives either a configuration or problems of a line each; and what was read,
// written out again, reads the same.

#include "proxy/config.h"
#include "proxy/value_text.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  proxy::Config config;
  try {
    config = proxy::loadText(text, "f", {});
  } catch (const proxy::ConfigError& error) {
    std::string_view problems = error.what();
    auto isControl = [](unsigned char c) { return c < 0x20 && c != '\n'; };
    if (problems.empty() || std::any_of(problems.begin(), problems.end(), isControl)) std::abort();
    if (std::count(problems.begin(), problems.end(), '\n') > 20) std::abort();
    return 0;
  }

  std::vector<proxy::Setting> again;
  proxy::Config::fields([&](const base::SettingKey& key, auto member) {
    proxy::Setting setting{std::string(key.name), {}, "again"};
    if (key.name == "listen") {
      for (const proxy::Listener& listener : config.listen) {
        setting.values.push_back(encode(listener));
      }
    } else {
      setting.values.push_back(proxy::encode(config.*member));
    }
    again.push_back(setting);
  });
  if (!(proxy::loadText("", "f", again) == config)) std::abort();
  return 0;
}
