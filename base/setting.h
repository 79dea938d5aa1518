#pragma once

// What a part of droverd can be told: a struct of values with their defaults, and a line for each
// that says what it is called, what it means and what it may be. The configuration file, the flags,
// --help, the reference documentation and the comparison that SIGHUP makes all walk these lines
// (proxy/config.h).
//
//   struct HealthSettings {
//     int observers = 3;
//     bool operator==(const HealthSettings&) const = default;
//     template <class Visit> static void fields(Visit&& visit) {
//       visit(base::SettingKey{.name = "health_observers", .help = "...", .min = 1, .max = 9},
//             &HealthSettings::observers);
//     }
//   };

#include <cstdint>
#include <string_view>

namespace base {

// One line of the list of settings.
struct SettingKey {
  enum class Form { path, account, nodeName, address, label };  // what a text may look like

  std::string_view name;  // in the file; as a flag it starts with -- and has - for _
  std::string_view help;
  bool reloads = false;  // taken over on SIGHUP
  std::int64_t min = 0;  // bounds of numbers, of sizes in bytes, of durations in milliseconds
  std::int64_t max = 0;
  Form form = Form::path;
  std::string_view empty = {};  // what the empty value means, if it may be empty
};

// Several such structs as one, in this order.
template <class... Groups>
struct SettingGroups : Groups... {
  bool operator==(const SettingGroups&) const = default;

  // Shows every setting to `visit(const SettingKey&, T Group::*)`.
  template <class Visit>
  static void fields(Visit&& visit) {
    (Groups::fields(visit), ...);
  }
};

}  // namespace base
