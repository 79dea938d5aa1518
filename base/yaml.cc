#include "base/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace base {

namespace {

// libyaml's parser over a text, and the event it is at.
class Events {
 public:
  explicit Events(std::string_view text) {
    if (!yaml_parser_initialize(&parser_)) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Events() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // Moves to the next event; false where the text is not YAML.
  bool next() {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser_, &event_) == 1;
  }

  yaml_event_type_t type() const { return event_.type; }
  int line() const { return static_cast<int>(event_.start_mark.line) + 1; }
  const auto& scalar() const { return event_.data.scalar; }
  const yaml_parser_t& parser() const { return parser_; }

  bool opens() const {
    return type() == YAML_SEQUENCE_START_EVENT || type() == YAML_MAPPING_START_EVENT;
  }
  bool closes() const {
    return type() == YAML_SEQUENCE_END_EVENT || type() == YAML_MAPPING_END_EVENT;
  }

  // What of YAML we do not read stands at this event, or nothing.
  const char* unwanted() const {
    if (type() == YAML_ALIAS_EVENT) return "aliases (*name) are not supported here";
    const unsigned char* anchor = nullptr;
    const unsigned char* tag = nullptr;
    if (type() == YAML_SCALAR_EVENT) {
      anchor = event_.data.scalar.anchor;
      tag = event_.data.scalar.tag;
    } else if (type() == YAML_SEQUENCE_START_EVENT) {
      anchor = event_.data.sequence_start.anchor;
      tag = event_.data.sequence_start.tag;
    } else if (type() == YAML_MAPPING_START_EVENT) {
      anchor = event_.data.mapping_start.anchor;
      tag = event_.data.mapping_start.tag;
    }
    if (anchor) return "anchors (&name) are not supported here";
    if (tag) return "tags (!name) are not supported here";
    return nullptr;
  }

 private:
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

// Builds the entries from the events, one method for each level of the file.
class Reader {
 public:
  Reader(std::string_view text, std::string_view file) : text_(text), file_(file), events_(text) {}

  YamlFile read() {
    try {
      document();
    } catch (const NotYaml&) {
      syntaxProblem();
    }
    return std::move(result_);
  }

 private:
  struct NotYaml {};  // unwinds to read() from wherever the text stops to be YAML

  void advance() {
    if (!events_.next()) throw NotYaml{};
  }

  void problem(int line, std::string_view what) {
    result_.problems.push_back(std::string(file_) + ":" + std::to_string(line) + ": " +
                               std::string(what));
  }

  void document() {
    advance();  // start of the stream
    advance();
    if (events_.type() == YAML_STREAM_END_EVENT) return;  // nothing but comments
    advance();
    if (events_.type() == YAML_MAPPING_START_EVENT) {
      if (events_.unwanted()) problem(events_.line(), events_.unwanted());
      mapping();
    } else if (events_.type() == YAML_SCALAR_EVENT && isNull()) {
      // an empty document
    } else {
      problem(events_.line(), "expected lines of the form \"key: value\"");
      return;
    }
    advance();  // end of the document
    advance();
    if (events_.type() != YAML_STREAM_END_EVENT) {
      problem(events_.line(), "a second document (---) is not supported here");
    }
  }

  void mapping() {
    for (advance(); events_.type() != YAML_MAPPING_END_EVENT; advance()) {
      YamlEntry entry;
      entry.line = events_.line();
      std::optional<YamlValue> key = value("a key");
      advance();
      if (key) entry.key = key->text;
      bool sound = events_.type() == YAML_SEQUENCE_START_EVENT
                       ? list(entry)
                       : single(entry, key ? "\"" + key->text + "\"" : "this key");
      if (key && sound && isNew(entry)) result_.entries.push_back(std::move(entry));
    }
  }

  bool single(YamlEntry& entry, const std::string& name) {
    std::optional<YamlValue> only = value(name);
    if (only) entry.values.push_back(std::move(*only));
    return only.has_value();
  }

  bool list(YamlEntry& entry) {
    entry.isList = true;
    bool sound = !events_.unwanted();
    if (!sound) problem(events_.line(), events_.unwanted());
    for (advance(); events_.type() != YAML_SEQUENCE_END_EVENT; advance()) {
      std::optional<YamlValue> item = value("an item of \"" + entry.key + "\"");
      if (item) {
        entry.values.push_back(std::move(*item));
      } else {
        sound = false;
      }
    }
    return sound;
  }

  // The scalar at this event; if there is something else, a problem is noted and it is skipped.
  std::optional<YamlValue> value(const std::string& name) {
    if (events_.unwanted()) {
      problem(events_.line(), events_.unwanted());
    } else if (events_.opens()) {
      bool mapping = events_.type() == YAML_MAPPING_START_EVENT;
      problem(events_.line(), name + (mapping ? " cannot be a mapping" : " cannot be a list"));
    } else {
      auto& scalar = events_.scalar();
      return YamlValue{std::string(reinterpret_cast<const char*>(scalar.value), scalar.length),
                       events_.line(), isNull()};
    }
    skip();
    return std::nullopt;
  }

  // Moves to the end of the list or mapping that opens here, if one does.
  void skip() {
    int depth = events_.opens() ? 1 : 0;
    while (depth > 0) {
      advance();
      depth += events_.opens() ? 1 : events_.closes() ? -1 : 0;
    }
  }

  bool isNull() const {
    auto& scalar = events_.scalar();
    std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return plain && (text.empty() || text == "~" || text == "null");
  }

  bool isNew(const YamlEntry& entry) {
    auto [first, isNew] = lines_.emplace(entry.key, entry.line);
    if (isNew) return true;
    problem(entry.line,
            "\"" + entry.key + "\" is already given in line " + std::to_string(first->second));
    return false;
  }

  // libyaml gives a place for errors of grammar, and only a byte offset for broken encoding.
  void syntaxProblem() {
    const yaml_parser_t& parser = events_.parser();
    auto line = static_cast<std::ptrdiff_t>(parser.problem_mark.line);
    if (parser.error == YAML_READER_ERROR) {
      auto end = text_.begin() +
                 static_cast<std::ptrdiff_t>(std::min(parser.problem_offset, text_.size()));
      line = std::count(text_.begin(), end, '\n');
    }
    std::string what = "not valid YAML: ";
    what += parser.problem ? parser.problem : "out of memory";
    if (parser.context) what += std::string(" (") + parser.context + ")";
    problem(static_cast<int>(line) + 1, what);
  }

  std::string_view text_;
  std::string_view file_;
  Events events_;
  YamlFile result_;
  std::unordered_map<std::string, int> lines_;  // where each key was first given
};

}  // namespace

YamlFile parseYaml(std::string_view text, std::string_view file) {
  return Reader(text, file).read();
}

YamlFile loadYaml(const std::string& file) {
  auto fault = [&] {
    return YamlFile{{}, {"cannot read " + file + ": " + std::generic_category().message(errno)}};
  };
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "re"), std::fclose);
  if (!in) return fault();
  std::string text(yamlSizeLimit + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), in.get()));
  if (std::ferror(in.get())) return fault();
  if (text.size() > yamlSizeLimit) return {{}, {file + " is larger than 1 MiB"}};
  return parseYaml(text, file);
}

}  // namespace base
