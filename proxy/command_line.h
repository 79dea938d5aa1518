#pragma once

// droverd's command line: a flag for each setting, and the few flags that are not settings.

#include "proxy/config.h"

#include <iosfwd>
#include <optional>
#include <string>

namespace proxy {

struct CommandLine {
  Config config;
  ConfigSource source;          // for load() on SIGHUP
  std::optional<int> exitCode;  // set when all is done: --help, --version, --check-config and such
};

// Reads the flags and, unless there is nothing more to do, the configuration. What the user asked
// to see goes to `out`. Throws ConfigError for flags and settings that cannot be used.
CommandLine parseCommandLine(int argc, const char* const* argv, std::string_view version,
                             std::ostream& out);

// The list of settings for the documentation; `form` is markdown, man or yaml.
// Throws ConfigError for other forms.
std::string reference(std::string_view form);

}  // namespace proxy
