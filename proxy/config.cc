#include "proxy/config.h"

#include "base/spelling.h"
#include "base/yaml.h"
#include "proxy/value_text.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <map>
#include <system_error>
#include <utility>

namespace proxy {

namespace {

// More than this many problems are not read by anyone.
constexpr std::size_t problemLimit = 20;

// One problem a line, whatever characters the problems quote.
std::string joined(const std::vector<std::string>& problems) {
  std::string text;
  for (std::size_t i = 0; i < problems.size() && i < problemLimit; ++i) {
    if (!text.empty()) text += '\n';
    for (char c : problems[i]) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  if (problems.size() > problemLimit) {
    text += "\n... and " + std::to_string(problems.size() - problemLimit) + " more";
  }
  return text;
}

// Puts settings into a Config, noting what is wrong with them and where each key came from.
class Assembly {
 public:
  // Later settings replace earlier ones.
  void apply(const Setting& setting) {
    bool known = false;
    Config::fields([&](const base::SettingKey& key, auto member) {
      if (key.name != setting.key) return;
      known = true;
      where_[setting.key] = isFlag(setting) ? setting.where : setting.where + ": " + setting.key;
      set(setting, key, config_.*member);
    });
    if (!known) unknown(setting);
  }

  void problem(std::string text) { problems_.push_back(std::move(text)); }

  // Checks what single values cannot tell, and gives out the result. Throws ConfigError.
  Config finish() {
    if (config_.name.empty()) useHostName();
    checkListeners();
    checkJoin();
    if (!problems_.empty()) throw ConfigError(problems_);
    return std::move(config_);
  }

 private:
  static bool isFlag(const Setting& setting) { return setting.where.starts_with("--"); }

  void problemAt(std::string_view key, const std::string& what) {
    auto where = where_.find(key);
    problem((where == where_.end() ? std::string(key) : where->second) + ": " + what);
  }

  template <class T>
  void set(const Setting& setting, const base::SettingKey& key, T& value) {
    if (setting.isList || setting.values.size() != 1) {
      problemAt(key.name, "takes one value, not a list");
      return;
    }
    std::string wrong = decode(setting.values[0], key, value);
    if (!wrong.empty()) problemAt(key.name, wrong);
  }

  void set(const Setting& setting, const base::SettingKey& key, std::vector<Listener>& value) {
    value.clear();
    if (setting.values.empty()) problemAt(key.name, "needs at least one URL");
    for (const std::string& text : setting.values) {
      Listener listener;
      std::string wrong = decode(text, key, listener);
      if (wrong.empty()) {
        value.push_back(std::move(listener));
      } else {
        problemAt(key.name, wrong);
      }
    }
  }

  void set(const Setting& setting, const base::SettingKey& key, std::vector<std::string>& value) {
    value.clear();
    for (const std::string& text : setting.values) {
      std::string each;
      std::string wrong = decode(text, key, each);
      if (!wrong.empty()) problemAt(key.name, wrong);
      if (wrong.empty() && !each.empty()) value.push_back(std::move(each));
    }
  }

  void unknown(const Setting& setting) {
    std::vector<std::string> keys;
    Config::fields([&](const base::SettingKey& key, auto) { keys.emplace_back(key.name); });
    std::string best = base::nearest(setting.key, keys);
    problem(setting.where + ": unknown key " + quoted(setting.key) +
            (best.empty() ? "; see droverd --help for those that exist"
                          : "; did you mean " + best + "?"));
  }

  void useHostName() {
    char host[HOST_NAME_MAX + 1] = {};
    ::gethostname(host, sizeof host - 1);
    base::SettingKey key{.name = "name", .help = {}, .form = base::SettingKey::Form::nodeName};
    std::string wrong = decode(host, key, config_.name);
    if (!wrong.empty()) problem("name: the host name " + wrong + "; give one with name or --name");
  }

  void checkListeners() {
    for (auto listener = config_.listen.begin(); listener != config_.listen.end(); ++listener) {
      std::string url = quoted(encode(*listener));
      bool repeated = std::any_of(config_.listen.begin(), listener, [&](const Listener& earlier) {
        return earlier.kind == listener->kind && earlier.path == listener->path &&
               earlier.address == listener->address;
      });
      if (repeated) problemAt("listen", url + " is given twice");
      if (listener->kind == Listener::Kind::unixSocket && listener->path == config_.engine.path) {
        problemAt("listen", url + " is the engine's own socket");
      }
      if (listener->kind == Listener::Kind::tls) checkTls(url);
    }
  }

  void checkJoin() {
    if (!config_.join.empty() && config_.joinTokenFile.empty())
      problemAt("join", "needs join_token_file with the token that docker swarm join-token shows");
  }

  // Without files, TCP is served with the cluster's certificate and for its clients. A certificate
  // without its key, or the other way round, is a mistake.
  void checkTls(const std::string& url) {
    if (config_.tlsCert.empty() == config_.tlsKey.empty()) return;
    bool hasCert = !config_.tlsCert.empty();
    problemAt("listen",
              url + " needs " + (hasCert ? "tls_key beside tls_cert" : "tls_cert beside tls_key"));
  }

  Config config_;
  std::vector<std::string> problems_;
  std::map<std::string, std::string, std::less<>> where_;  // "FILE:LINE: KEY" or "--FLAG"
};

Config assemble(const base::YamlFile& yaml, std::string_view file,
                const std::vector<Setting>& flags) {
  Assembly assembly;
  for (const std::string& problem : yaml.problems) assembly.problem(problem);
  for (const base::YamlEntry& entry : yaml.entries) {
    Setting setting{
        entry.key, {}, std::string(file) + ":" + std::to_string(entry.line), entry.isList};
    bool hasNull = false;
    for (const base::YamlValue& value : entry.values) {
      setting.values.push_back(value.text);
      hasNull = hasNull || value.isNull;
    }
    if (hasNull) {
      assembly.problem(setting.where + ": " + entry.key +
                       ": has no value; give one or remove the line");
    } else {
      assembly.apply(setting);
    }
  }
  for (const Setting& flag : flags) assembly.apply(flag);
  return assembly.finish();
}

}  // namespace

ConfigError::ConfigError(const std::vector<std::string>& problems)
    : std::runtime_error(joined(problems)) {}

Config load(const ConfigSource& source) {
  bool absent = ::access(source.file.c_str(), F_OK) != 0 && errno == ENOENT;
  if (absent && !source.fileMustExist) return assemble({}, source.file, source.flags);
  return assemble(base::loadYaml(source.file), source.file, source.flags);
}

Config loadText(std::string_view yaml, std::string_view file, const std::vector<Setting>& flags) {
  return assemble(base::parseYaml(yaml, file), file, flags);
}

Reloaded reload(const Config& running, const Config& fresh) {
  Reloaded result{running, {}, {}};
  Config::fields([&](const base::SettingKey& key, auto member) {
    if (running.*member == fresh.*member) return;
    // A certificate can be replaced but not taken from a TLS listener that goes on running.
    bool vanishes = encode(fresh.*member).empty();
    if (key.reloads && !vanishes) {
      result.config.*member = fresh.*member;
      result.changed.push_back(std::string(key.name) + ": " + encode(running.*member) + " -> " +
                               encode(fresh.*member));
    } else {
      result.needRestart.emplace_back(key.name);
    }
  });
  return result;
}

std::vector<std::string> systemProblems(const Config& config) {
  std::vector<std::string> problems;
  for (auto [key, file] : {std::pair{"tls_ca", &config.tlsCa},
                           {"tls_cert", &config.tlsCert},
                           {"tls_key", &config.tlsKey},
                           {"join_token_file", &config.joinTokenFile}}) {
    if (file->empty() || ::access(file->c_str(), R_OK) == 0) continue;
    problems.push_back(std::string(key) + ": cannot read " + *file + ": " +
                       std::generic_category().message(errno));
  }
  return problems;
}

}  // namespace proxy
