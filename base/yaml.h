#pragma once

// Reads the small part of YAML that a flat settings file needs: one mapping from keys to scalars or
// to lists of scalars.
//
// Everything else (nested mappings, anchors, aliases, tags, a second document, a key given twice)
// is a problem that names file and line; all problems of a file are found in one go, up to the
// first place that is not YAML at all. Values stay text: what they mean is the reader's business.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace base {

struct YamlValue {
  std::string text;
  int line = 0;         // counted from 1
  bool isNull = false;  // nothing there, or a bare `null` or `~`
};

struct YamlEntry {
  std::string key;
  std::vector<YamlValue> values;  // exactly one unless isList
  bool isList = false;
  int line = 0;
};

struct YamlFile {
  std::vector<YamlEntry> entries;     // in the order of the file; those with problems left out
  std::vector<std::string> problems;  // "FILE:LINE: what is wrong"
};

inline constexpr std::size_t yamlSizeLimit = std::size_t{1024} * 1024;

// Never throws on account of the text; `file` is only named in the problems.
YamlFile parseYaml(std::string_view text, std::string_view file);

// A file that cannot be read, or is larger than the limit, is the one problem then.
YamlFile loadYaml(const std::string& file);

}  // namespace base
