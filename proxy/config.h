#pragma once

// What droverd can be told, by /etc/drover/droverd.yml and by flags.
//
// Each setting stands once, in the fields() of the part that it belongs to: its key, what it means
// and what it may be; its default is the initialiser beside it. Flags win over the file.

#include "base/setting.h"
#include "proxy/daemon_settings.h"
#include "proxy/parts.h"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

struct Config : base::SettingGroups<DaemonSettings, PartSettings> {};

// Settings that cannot be used; what() has one line for each problem, ready to print.
struct ConfigError : std::runtime_error {
  explicit ConfigError(const std::vector<std::string>& problems);
};

// A key with the values given for it, and where: "droverd.yml:7" or "--log-level".
struct Setting {
  std::string key;
  std::vector<std::string> values;
  std::string where;
  bool isList = false;  // written as a list, be it of one
};

// Where the configuration comes from. Kept for reload, so that the flags win again.
struct ConfigSource {
  std::string file = "/etc/drover/droverd.yml";
  bool fileMustExist = false;  // it was named by --config
  std::vector<Setting> flags;
};

// Reads the file, puts the flags over it and checks the whole. Throws ConfigError.
Config load(const ConfigSource& source);

// The same from text, for tests: `file` is only named in messages.
Config loadText(std::string_view yaml, std::string_view file, const std::vector<Setting>& flags);

// What SIGHUP makes of a fresh configuration.
struct Reloaded {
  Config config;                         // the running one with what could be taken over
  std::vector<std::string> changed;      // "log_level: info -> debug"
  std::vector<std::string> needRestart;  // keys that changed but were not taken over
};
Reloaded reload(const Config& running, const Config& fresh);

// What can only be told by looking at the system: files that cannot be read. One line for each.
std::vector<std::string> systemProblems(const Config& config);

}  // namespace proxy
