#include "proxy/command_line.h"

#include "base/spelling.h"
#include "labels/reference.h"
#include "proxy/value_text.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <ostream>
#include <sstream>

namespace proxy {

namespace {

std::string flagName(std::string_view key) {
  std::string flag = "--" + std::string(key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

// Breaks text into lines of at most `width` characters, between words.
std::string wrapped(const std::string& text, std::size_t width, std::string_view lineStart) {
  std::istringstream words(text);
  std::string result, word;
  std::size_t column = 0;
  while (words >> word) {
    if (column > 0 && column + 1 + word.size() > width) {
      result += '\n';
      result += lineStart;
      column = 0;
    } else if (column > 0) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result;
}

// The value that a key has when nobody sets it.
template <class T, class Group>
T initial(T Group::*member) {
  Config defaults;
  return defaults.*member;
}

// The same in words.
template <class T, class Group>
std::string defaultText(const base::SettingKey& key, T Group::*member) {
  std::string text = encode(initial(member));
  return text.empty() ? std::string(key.empty) : text;
}

template <class T, class Group>
std::string helpText(const base::SettingKey& key, T Group::*member) {
  return std::string(key.help) + " Takes " + describe(key, initial(member)) +
         ". Default: " + defaultText(key, member) + ".";
}

void replaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// A row of the table in docs/configuration.md.
template <class T, class Group>
std::string markdownRow(const base::SettingKey& key, T Group::*member) {
  std::string value = encode(initial(member));
  value = value.empty() ? std::string(key.empty) : "`" + value + "`";
  return "| `" + std::string(key.name) + "` | " + std::string(key.help) + " | " +
         describe(key, initial(member)) + " | " + value + " | " + (key.reloads ? "yes" : "no") +
         " |\n";
}

// An entry of a manual page: of droverd(8) an option ("flag"), of droverd.yml(5) a key of the file.
// To roff a minus is "\-", a plain hyphen is for words.
template <class T, class Group>
std::string manEntry(const base::SettingKey& key, T Group::*member, bool flag) {
  std::string name = flag ? flagName(key.name) : std::string(key.name);
  std::string help = helpText(key, member);
  replaceAll(name, "-", "\\-");
  replaceAll(help, "-", "\\-");
  if (key.reloads) help += " Reloaded on SIGHUP.";
  return ".TP\n.BI " + name + (flag ? " \" VALUE\"\n" : ": \" VALUE\"\n") + help + "\n";
}

// A commented-out setting of droverd.yml.
template <class T, class Group>
std::string yamlEntry(const base::SettingKey& key, T Group::*member) {
  std::string value = encode(initial(member));
  bool isList =
      std::is_same_v<T, std::vector<Listener>> || std::is_same_v<T, std::vector<std::string>>;
  if (value.empty()) value = "\"\"";
  return "# " + wrapped(helpText(key, member), 98, "# ") + "\n#" + std::string(key.name) + ":" +
         (isList ? "\n#  - " : " ") + value + "\n\n";
}

// What CLI11 did not recognise, explained.
std::string unknownFlag(const CLI::App& app, const std::string& text) {
  if (!text.starts_with("-"))
    return text + ": unexpected argument; droverd takes only flags, see --help";
  std::string flag = text.substr(0, text.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  std::string best = base::nearest(flag, names);
  return flag + ": unknown flag; " +
         (best.empty() ? "see droverd --help" : "did you mean " + best + "?");
}

}  // namespace

CommandLine parseCommandLine(int argc, const char* const* argv, std::string_view version,
                             std::ostream& out) {
  CommandLine line;
  CLI::App app("Serves the Docker Engine API for one host or a cluster of hosts.", "droverd");
  app.get_formatter()->column_width(28);
  app.allow_extras();
  app.footer(
      "Each setting is also a key of the file, with _ for -. Flags win over the file.\n"
      "SIGTERM stops gracefully, a second one at once; SIGHUP reloads. See droverd(8).");

  bool wantsVersion = false, wantsCheck = false;
  std::string form;
  app.set_help_flag("-h,--help", "Print this help and exit.");
  app.add_flag("--version", wantsVersion, "Print the version and exit.");
  CLI::Option* file = app.add_option("--config", line.source.file,
                                     "File with the settings. Default: " + line.source.file);
  file->option_text("FILE");
  app.add_flag("--check-config", wantsCheck,
               "Check the file and the flags, print everything that is wrong, and exit.");
  app.add_option("--print-reference", form)->group("");  // for contrib/gen-reference

  std::vector<CLI::Option*> settings;
  Config::fields([&](const base::SettingKey& key, auto member) {
    CLI::Option* option = app.add_option(flagName(key.name));
    option->description(wrapped(helpText(key, member), 70, ""));
    option->group("Settings")->option_text("VALUE");
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    settings.push_back(option);
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    line.exitCode = 0;
    return line;
  } catch (const CLI::ParseError& error) {
    throw ConfigError({error.what()});
  }

  std::vector<std::string> problems;
  for (const std::string& text : app.remaining()) problems.push_back(unknownFlag(app, text));
  if (!problems.empty()) throw ConfigError(problems);

  if (wantsVersion) out << "droverd " << version << '\n';
  if (!form.empty()) out << reference(form);
  if (wantsVersion || !form.empty()) {
    line.exitCode = 0;
    return line;
  }

  line.source.fileMustExist = file->count() > 0;
  auto option = settings.begin();
  Config::fields([&](const base::SettingKey& key, auto) {
    const CLI::Option& flag = **option++;
    if (flag.count() > 0) {
      line.source.flags.push_back({std::string(key.name), flag.results(), flag.get_name()});
    }
  });
  line.config = load(line.source);

  if (wantsCheck) {
    problems = systemProblems(line.config);
    if (!problems.empty()) throw ConfigError(problems);
    out << "The configuration is valid.\n";
    line.exitCode = 0;
  }
  return line;
}

std::string reference(std::string_view form) {
  std::string text;
  if (form == "markdown") {
    text = "| base::SettingKey | Meaning | Takes | Default | Reloads |\n|---|---|---|---|---|\n";
    Config::fields(
        [&](const base::SettingKey& key, auto member) { text += markdownRow(key, member); });
  } else if (form == "man") {
    Config::fields(
        [&](const base::SettingKey& key, auto member) { text += manEntry(key, member, true); });
  } else if (form == "man-file") {
    Config::fields(
        [&](const base::SettingKey& key, auto member) { text += manEntry(key, member, false); });
  } else if (form == "yaml") {
    Config::fields(
        [&](const base::SettingKey& key, auto member) { text += yamlEntry(key, member); });
  } else if (form == "labels") {
    text = labels::reference();
  } else {
    throw ConfigError(
        {"--print-reference: " + quoted(form) + " is not markdown, man, man-file, yaml or labels"});
  }
  return text;
}

}  // namespace proxy
