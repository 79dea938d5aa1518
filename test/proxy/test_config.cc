#include "proxy/config.h"
#include "proxy/socket_access.h"

#include "proxy/command_line.h"
#include "proxy/value_text.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using proxy::CommandLine;
using proxy::Config;
using proxy::ConfigError;
using proxy::Listener;
using namespace std::chrono_literals;

namespace {

// What is wrong with a file of this text; "" if nothing is.
std::string problemsOf(std::string_view yaml, const std::vector<proxy::Setting>& flags = {}) {
  try {
    proxy::loadText(yaml, "f", flags);
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

Config configOf(std::string_view yaml) {
  return proxy::loadText(yaml, "f", {});
}

CommandLine parse(std::vector<const char*> arguments, std::string* printed = nullptr) {
  arguments.insert(arguments.begin(), "droverd");
  std::ostringstream out;
  CommandLine line = proxy::parseCommandLine(int(arguments.size()), arguments.data(), "1.2.3", out);
  if (printed) *printed = out.str();
  return line;
}

std::string problemsOfFlags(std::vector<const char*> arguments) {
  try {
    parse(std::move(arguments));
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

// A file that is removed with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    int descriptor = ::mkstemp(name_.data());
    cr_assert_geq(descriptor, 0);
    ::close(descriptor);
    write(text);
  }
  ~TemporaryFile() { ::unlink(name_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(const std::string& text) const { std::ofstream(name_) << text; }
  const char* name() const { return name_.c_str(); }

 private:
  std::string name_ = "/tmp/drover-test-config-XXXXXX";
};

}  // namespace

Test(config, an_empty_file_gives_the_defaults_and_the_host_name) {
  char host[256] = {};
  ::gethostname(host, sizeof host);
  Config want;
  want.name = host;
  cr_assert(configOf("") == want);
  cr_assert_eq(want.listen.size(), 1u);
  cr_assert_eq(encode(want.listen[0]), "unix:///run/drover/docker.sock");
}

Test(config, every_key_is_read) {
  Config config = configOf(R"(
engine: unix:///e.sock
listen: [unix:///a.sock?mode=0600, "tcp://0.0.0.0:2376", plain-tcp://127.0.0.1:2375, fd://]
socket_owner: "1000"
socket_group: drover
socket_mode: 0600
state_dir: /s
name: db-1
tls_ca: /ca
tls_cert: /cert
tls_key: /key
join: [10.0.0.1, "a.example:2377"]
join_token_file: /token
cluster_listen: 0.0.0.0:2378
cluster_advertise: eth1
gossip_port: 7947
node_labels: [zone=a, ssd]
swarm_api: off
placement_strategy: binpack
overcommit_percent: 20
measure_load: off
rebalance_interval: 2m
metrics_listen: "[::1]:9323"
log_level: debug
log_format: json
max_connections: 10
max_head_bytes: 2KiB
max_headers: 50
max_body_bytes: 100000
head_timeout: 500ms
idle_timeout: 2h
connect_timeout: 1m
grace_time: 0s
)");
  Config want;
  want.engine = {"/e.sock"};
  want.listen = {{.path = "/a.sock", .mode = 0600},
                 {.kind = Listener::Kind::tls, .address = {"0.0.0.0", 2376}},
                 {.kind = Listener::Kind::plain, .address = {"127.0.0.1", 2375}},
                 {.kind = Listener::Kind::systemd}};
  want.socketOwner = "1000";
  want.socketGroup = "drover";
  want.socketMode = {0600};
  want.stateDir = "/s";
  want.name = "db-1";
  want.tlsCa = "/ca";
  want.tlsCert = "/cert";
  want.tlsKey = "/key";
  want.join = {"10.0.0.1", "a.example:2377"};
  want.joinTokenFile = "/token";
  want.clusterListen = "0.0.0.0:2378";
  want.clusterAdvertise = "eth1";
  want.gossipPort = 7947;
  want.nodeLabels = {"zone=a", "ssd"};
  want.swarmApi = false;
  want.placementStrategy = labels::Strategy::binpack;
  want.overcommitPercent = 20;
  want.measureLoad = false;
  want.rebalanceInterval = std::chrono::minutes(2);
  want.metricsListen = proxy::Address{"::1", 9323};
  want.logLevel = base::Level::debug;
  want.logFormat = base::LogFormat::json;
  want.maxConnections = 10;
  want.maxHeadBytes = 2048;
  want.maxHeaders = 50;
  want.maxBodyBytes = 100000;
  want.headTimeout = 500ms;
  want.idleTimeout = 2h;
  want.connectTimeout = 1min;
  want.graceTime = 0ms;
  proxy::Config::fields([&](const base::SettingKey& key, auto member) {
    cr_expect(config.*member == want.*member, "%s", std::string(key.name).c_str());
    cr_expect(config.*member != Config().*member, "%s is not tried", std::string(key.name).c_str());
  });
}

Test(config, bad_settings_are_named_with_file_line_key_and_what_is_allowed) {
  struct Row {
    std::string_view yaml, wrong;
  };
  const Row rows[] = {
      {"\n\nlog_level: loud\n",
       "f:3: log_level: \"loud\" is not one of trace, debug, info, warn, error"},
      {"log_format: xml\n", "f:1: log_format: \"xml\" is not one of text, json"},
      {"log-level: info\n", "f:1: unknown key \"log-level\"; did you mean log_level?"},
      {"lisen: fd://\n", "f:1: unknown key \"lisen\"; did you mean listen?"},
      {"colour: red\n", "f:1: unknown key \"colour\"; see droverd --help for those that exist"},
      {"log_level:\n", "f:1: log_level: has no value; give one or remove the line"},
      {"listen: [fd://, ~]\n", "f:1: listen: has no value; give one or remove the line"},
      {"log_level: [info]\n", "f:1: log_level: takes one value, not a list"},
      {"log_level: [info, warn]\n", "f:1: log_level: takes one value, not a list"},
      {"listen: []\n", "f:1: listen: needs at least one URL"},
      {"max_connections: many\n",
       "f:1: max_connections: \"many\" is not a whole number from 1 to 1000000"},
      {"max_connections: 0\n",
       "f:1: max_connections: \"0\" is not a whole number from 1 to 1000000"},
      {"max_connections: -1\n",
       "f:1: max_connections: \"-1\" is not a whole number from 1 to 1000000"},
      {"max_connections: 1.5\n",
       "f:1: max_connections: \"1.5\" is not a whole number from 1 to 1000000"},
      {"max_connections: 4294967297\n",
       "f:1: max_connections: \"4294967297\" is not a whole number from 1 to 1000000"},
      {"max_connections: 99999999999999999999\n",
       "f:1: max_connections: \"99999999999999999999\" is not a whole number from 1 to 1000000"},
      {"max_head_bytes: 2MiB\n",
       "f:1: max_head_bytes: \"2MiB\" is not a size from 1KiB to 1MiB, such as 65536, 64KiB or "
       "1MiB"},
      {"max_head_bytes: 64 KiB\n",
       "f:1: max_head_bytes: \"64 KiB\" is not a size from 1KiB to 1MiB, "
       "such as 65536, 64KiB or 1MiB"},
      {"max_head_bytes: 9223372036854775807GiB\n",
       "f:1: max_head_bytes: \"9223372036854775807GiB\" is not a size from 1KiB to 1MiB, "
       "such as 65536, 64KiB or 1MiB"},
      {"head_timeout: 30\n",
       "f:1: head_timeout: \"30\" is not a duration from 100ms to 1h, "
       "such as 500ms, 30s or 5m"},
      {"head_timeout: 5 minutes\n",
       "f:1: head_timeout: \"5 minutes\" is not a duration from 100ms "
       "to 1h, such as 500ms, 30s or 5m"},
      {"socket_mode: 660x\n", "f:1: socket_mode: \"660x\" is not an octal file mode such as 0660"},
      {"socket_mode: 0888\n", "f:1: socket_mode: \"0888\" is not an octal file mode such as 0660"},
      {"socket_mode: 4755\n", "f:1: socket_mode: \"4755\" is not an octal file mode such as 0660"},
      {"socket_group: a b\n", "f:1: socket_group: \"a b\" is not a name or a number"},
      {"state_dir: \"\"\n", "f:1: state_dir: \"\" is not a path"},
      {"metrics_listen: 9323\n",
       "f:1: metrics_listen: \"9323\" is not ADDR:PORT with an IP address and a port from 1 to "
       "65535, such as 127.0.0.1:9323 or [::1]:9323"},
      {"engine: tcp://10.0.0.1:2375\n",
       "f:1: engine: \"tcp://10.0.0.1:2375\" is not unix:///PATH: droverd talks to the engine of "
       "its own host only"},
      {"engine: unix://x.sock\n",
       "f:1: engine: \"unix://x.sock\" must name an absolute path, as in "
       "unix:///run/x.sock"},
      {"listen: /run/x.sock\n",
       "f:1: listen: \"/run/x.sock\" is not a listen URL: unix:///PATH, tcp://ADDR:PORT, "
       "plain-tcp://127.0.0.1:PORT or fd://"},
      {"listen: plain-tcp://0.0.0.0:2375\n",
       "f:1: listen: \"plain-tcp://0.0.0.0:2375\" would make anyone who can reach that address "
       "root on this host; use tcp:// with tls_ca, tls_cert and tls_key, or listen on 127.0.0.1 or "
       "[::1]"},
      {"tls_cert: /cert\nlisten: tcp://0.0.0.0:2376\n",
       "f:2: listen: \"tcp://0.0.0.0:2376\" needs tls_key beside tls_cert"},
      {"tls_key: /key\nlisten: tcp://0.0.0.0:2376\n",
       "f:2: listen: \"tcp://0.0.0.0:2376\" needs tls_cert beside tls_key"},
      {"listen: [unix:///a, unix:///a?mode=0600]\n",
       "f:1: listen: \"unix:///a?mode=0600\" is given twice"},
      {"listen: unix:///var/run/docker.sock\n",
       "f:1: listen: \"unix:///var/run/docker.sock\" is the engine's own socket"},
  };
  for (const Row& row : rows) {
    std::string seen = problemsOf(row.yaml);
    cr_expect_eq(seen, row.wrong, "%s", seen.c_str());
  }
}

Test(config, all_problems_are_reported_at_once) {
  cr_assert_eq(problemsOf("log_level: loud\nmax_headers: 0\nlog_level: info\nnmae: x\n"
                          "listen: [unix:a, tcp:b]\n"),
               "f:3: \"log_level\" is already given in line 1\n"
               "f:1: log_level: \"loud\" is not one of trace, debug, info, warn, error\n"
               "f:2: max_headers: \"0\" is not a whole number from 10 to 10000\n"
               "f:4: unknown key \"nmae\"; did you mean name?\n"
               "f:5: listen: \"unix:a\" is not a listen URL: unix:///PATH, tcp://ADDR:PORT, "
               "plain-tcp://127.0.0.1:PORT or fd://\n"
               "f:5: listen: \"tcp:b\" is not a listen URL: unix:///PATH, tcp://ADDR:PORT, "
               "plain-tcp://127.0.0.1:PORT or fd://");
}

Test(config, of_very_many_problems_the_first_are_shown) {
  std::string yaml;
  for (int i = 0; i < 100; ++i) yaml += "unheard_of_" + std::to_string(i) + ": 1\n";
  std::string seen = problemsOf(yaml);
  cr_assert(seen.ends_with("\n... and 80 more"), "%s", seen.c_str());
}

Test(config, node_names_are_like_host_names) {
  const std::string longest(63, 'a');
  for (const std::string& name :
       {std::string("a"), std::string("db-2.example.org"), std::string("Node_7"), longest}) {
    cr_expect_eq(configOf("name: " + name).name, name);
  }
  for (const std::string& name : {std::string("-a"), std::string("a."), std::string("a/b"),
                                  std::string("gr\xc3\xbcn"), longest + "a"}) {
    cr_expect(problemsOf("name: " + name).starts_with("f:1: name: \"" + name + "\" is not a name"));
  }
}

Test(config, listen_urls_go_round) {
  for (std::string_view url :
       {"unix:///run/drover/docker.sock", "fd://", "tcp://10.1.2.3:2376", "tcp://[::]:1",
        "plain-tcp://127.0.0.9:65535", "plain-tcp://[::1]:2375",
        "plain-tcp://[::ffff:127.0.0.1]:2375", "unix:///a?mode=0600",
        "unix:///a?owner=root&group=33", "unix:///a?mode=0660&owner=a&group=b"}) {
    Listener listener;
    std::string wrong = decode(url, listener);
    cr_expect_eq(wrong, "", "%s", wrong.c_str());
    cr_expect_eq(encode(listener), url, "%s", encode(listener).c_str());
  }
}

Test(config, localhost_is_the_loopback_address) {
  Listener listener;
  cr_assert_eq(decode("plain-tcp://localhost:2375", listener), "");
  cr_assert_eq(listener.address.host, "127.0.0.1");
}

Test(config, listen_urls_that_make_no_sense_are_refused) {
  for (std::string_view url : {"",
                               "unix://",
                               "unix://relative",
                               "unix:/run/x",
                               "fd://3",
                               "tcp://",
                               "tcp://:2376",
                               "tcp://host:2376",
                               "tcp://1.2.3.4",
                               "tcp://1.2.3.4:0",
                               "tcp://1.2.3.4:65536",
                               "tcp://1.2.3.4:+1",
                               "tcp://1.2.3.4:2376/",
                               "tcp://::1:2376",
                               "tcp://[1.2.3.4]:2376",
                               "tcp://[::1]",
                               "http://127.0.0.1:2375",
                               "plain-tcp://[::]:2375",
                               "plain-tcp://128.0.0.1:2375",
                               "plain-tcp://[::ffff:10.0.0.1]:2375",
                               "unix:///a?mode=",
                               "unix:///a?mode=9",
                               "unix:///a?owner=",
                               "unix:///a?group=a%20b",
                               "unix:///a?color=red",
                               "unix:///a?mode"}) {
    Listener listener;
    cr_expect_neq(decode(url, listener), "", "%s", std::string(url).c_str());
    cr_expect(listener == Listener());
  }
  Listener listener;
  std::string path(107, 'x');
  path[0] = '/';
  cr_expect_eq(decode("unix://" + path, listener), "");
  cr_expect_neq(decode("unix://" + path + "x", listener), "");
}

Test(config, flags_win_over_the_file) {
  TemporaryFile file("log_level: warn\nname: from-file\nlisten: [unix:///a, unix:///b]\n");
  CommandLine line = parse({"--config", file.name(), "--log-level", "debug", "--listen=unix:///c",
                            "--listen", "plain-tcp://[::1]:2375", "--metrics-listen", ""});
  cr_assert_not(line.exitCode.has_value());
  cr_assert_eq(line.config.logLevel, base::Level::debug);
  cr_assert_eq(line.config.name, "from-file");
  cr_assert_eq(proxy::encode(line.config.listen), "unix:///c, plain-tcp://[::1]:2375");
  cr_assert(!line.config.metricsListen);
}

Test(config, every_key_has_a_flag_that_takes_its_default) {
  Config defaults;
  proxy::Config::fields([&](const base::SettingKey& key, auto member) {
    std::string flag = "--" + std::string(key.name);
    std::replace(flag.begin(), flag.end(), '_', '-');
    std::string value = proxy::encode(defaults.*member);
    std::string wrong = problemsOfFlags({"--config", "/dev/null", flag.c_str(), value.c_str()});
    cr_expect_eq(wrong, "", "%s %s: %s", flag.c_str(), value.c_str(), wrong.c_str());
  });
}

Test(config, bad_flags_are_named_with_what_is_allowed) {
  struct Row {
    std::vector<const char*> arguments;
    std::string_view wrong;
  };
  const Row rows[] = {
      {{"--log-level", "loud"},
       "--log-level: \"loud\" is not one of trace, debug, info, warn, error"},
      {{"--log-levle", "info"},
       "--log-levle: unknown flag; did you mean --log-level?\n"
       "info: unexpected argument; droverd takes only flags, see --help"},
      {{"--colour=red"}, "--colour: unknown flag; see droverd --help"},
      {{"start"}, "start: unexpected argument; droverd takes only flags, see --help"},
      {{"--name", "a", "--name", "b"}, "--name: takes one value, not a list"},
      {{"--listen", "tcp://0.0.0.0:1", "--tls-cert", "/cert"},
       "--listen: \"tcp://0.0.0.0:1\" needs tls_key beside tls_cert"},
      {{"--config", "/nonexistent.yml"}, "cannot read /nonexistent.yml: No such file or directory"},
  };
  for (const Row& row : rows) {
    std::vector<const char*> arguments = row.arguments;
    if (arguments[0] != std::string_view("--config")) {
      arguments.insert(arguments.begin(), {"--config", "/dev/null"});
    }
    std::string seen = problemsOfFlags(arguments);
    cr_expect_eq(seen, row.wrong, "%s", seen.c_str());
  }
}

Test(config, a_flag_without_its_value_is_refused) {
  cr_assert_neq(problemsOfFlags({"--config", "/dev/null", "--name"}), "");
}

Test(config, only_the_default_file_may_be_absent) {
  proxy::ConfigSource source;
  source.file = "/nonexistent.yml";
  source.flags = {{"name", {"n"}, "--name"}};
  cr_assert_eq(proxy::load(source).name, "n");
  source.fileMustExist = true;
  cr_assert_throw(proxy::load(source), ConfigError);
}

Test(config, help_version_and_check_print_and_end) {
  std::string printed;
  cr_assert_eq(parse({"--version"}, &printed).exitCode, 0);
  cr_assert_eq(printed, "droverd 1.2.3\n");

  cr_assert_eq(parse({"--help"}, &printed).exitCode, 0);
  proxy::Config::fields([&](const base::SettingKey& key, auto) {
    std::string flag = "  --" + std::string(key.name) + " VALUE";
    std::replace(flag.begin(), flag.end(), '_', '-');
    cr_expect(printed.find(flag) != printed.npos, "%s", flag.c_str());
  });

  TemporaryFile file("name: n\n");
  cr_assert_eq(parse({"--check-config", "--config", file.name()}, &printed).exitCode, 0);
  cr_assert_eq(printed, "The configuration is valid.\n");
}

Test(config, check_also_looks_for_the_tls_files) {
  cr_assert_eq(
      problemsOfFlags({"--check-config", "--config", "/dev/null", "--tls-key", "/none.pem"}),
      "tls_key: cannot read /none.pem: No such file or directory");
}

Test(config, the_yaml_reference_is_the_default_configuration_commented_out) {
  std::string text = proxy::reference("yaml");
  std::string yaml;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    bool isSetting = line.starts_with("#") && !line.starts_with("# ");
    bool isItem = line.starts_with("#  - ");
    if (isSetting || isItem) yaml += line.substr(1) + "\n";
  }
  cr_assert(configOf(yaml) == configOf(""), "%s", yaml.c_str());
}

Test(config, the_reference_has_a_line_for_each_key_in_three_forms) {
  proxy::Config::fields([&](const base::SettingKey& key, auto) {
    std::string name(key.name);
    cr_expect(proxy::reference("markdown").find("| `" + name + "` |") != std::string::npos);
    cr_expect(proxy::reference("yaml").find("\n#" + name + ":") != std::string::npos);
  });
  cr_expect(proxy::reference("man").find("\n.BI \\-\\-log\\-level ") != std::string::npos);
  cr_expect(proxy::reference("man-file").find("\n.BI log_level: ") != std::string::npos);
  cr_expect_throw(proxy::reference("html"), ConfigError);
}

Test(config, reload_takes_over_what_it_can_and_names_the_rest) {
  Config running = configOf("log_level: info\nname: a\ntls_key: /k\ntls_ca: /ca\n");
  Config fresh = configOf("log_level: debug\nname: b\nhead_timeout: 1s\ntls_key: /k2\n");
  proxy::Reloaded result = proxy::reload(running, fresh);

  Config want = running;
  want.logLevel = base::Level::debug;
  want.headTimeout = 1s;
  want.tlsKey = "/k2";
  cr_assert(result.config == want);
  cr_assert(result.changed ==
            std::vector<std::string>(
                {"tls_key: /k -> /k2", "log_level: info -> debug", "head_timeout: 30s -> 1s"}));
  // A running TLS listener cannot do without its CA.
  cr_assert(result.needRestart == std::vector<std::string>({"name", "tls_ca"}));
}

Test(config, reload_reads_the_file_anew_and_the_flags_win_again) {
  TemporaryFile file("log_level: info\nmax_headers: 50\n");
  CommandLine line = parse({"--config", file.name(), "--log-level", "warn"});
  file.write("log_level: debug\nmax_headers: 60\n");
  Config fresh = proxy::load(line.source);
  cr_assert_eq(fresh.logLevel, base::Level::warn);
  cr_assert_eq(fresh.maxHeaders, 60);
}

Test(config, socket_access_comes_from_the_url_before_the_configuration) {
  if (::geteuid() != 0) cr_skip_test("only root can give sockets away");
  Config config = configOf("socket_owner: root\nsocket_group: root\nsocket_mode: 0600\n");
  proxy::SocketAccess access = proxy::socketAccess(config, config.listen[0]);
  cr_expect(access.owner == 0 && access.group == 0 && access.mode == 0600 &&
            access.warning.empty());

  Listener own = {.path = "/a", .mode = 0666, .owner = "daemon", .group = "77777"};
  access = proxy::socketAccess(config, own);
  cr_expect(access.owner == 1 && access.group == 77777 && access.mode == 0666);
}

Test(config, a_missing_group_becomes_root_and_a_missing_user_is_refused) {
  if (::geteuid() != 0) cr_skip_test("only root can give sockets away");
  Config config = configOf("socket_group: no-such-group\n");
  proxy::SocketAccess access = proxy::socketAccess(config, config.listen[0]);
  cr_expect_eq(access.group, 0u);
  cr_expect_eq(access.warning,
               "there is no group \"no-such-group\", so only root can connect; create it or set "
               "socket_group to another");
  config.socketOwner = "no-such-user";
  cr_expect_throw(proxy::socketAccess(config, config.listen[0]), ConfigError);
}
