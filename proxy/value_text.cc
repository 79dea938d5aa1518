#include "proxy/value_text.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

namespace proxy {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;
};

// Largest first, as they are tried for writing.
constexpr Unit sizeUnits[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};
constexpr Unit timeUnits[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
constexpr Unit plainUnit[] = {{"", 1}};

// Reads a whole number followed by the name of a unit.
std::optional<std::int64_t> parseQuantity(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc()) return std::nullopt;
  std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    std::int64_t product = 0;
    if (name == unit.name && !__builtin_mul_overflow(number, unit.size, &product)) return product;
  }
  return std::nullopt;
}

std::string quantityText(std::int64_t quantity, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    bool whole = quantity != 0 && quantity % unit.size == 0;
    if (whole) return std::to_string(quantity / unit.size) + std::string(unit.name);
  }
  return "0" + std::string(units.back().name);
}

std::string bounds(const base::SettingKey& key, std::span<const Unit> units) {
  return "from " + quantityText(key.min, units) + " to " + quantityText(key.max, units);
}

std::string isNot(std::string_view text, const std::string& what) {
  return quoted(text) + " is not " + what;
}

// Reads a quantity within the key's bounds.
template <class T>
std::string decodeQuantity(std::string_view text, const base::SettingKey& key,
                           std::span<const Unit> units, T& value) {
  std::optional<std::int64_t> quantity = parseQuantity(text, units);
  if (!quantity || *quantity < key.min || *quantity > key.max) {
    return isNot(text, describe(key, value));
  }
  value = T(*quantity);
  return "";
}

// Reads one of a few words as the enumerator in its place.
template <class Enum>
std::string decodeWord(std::string_view text, const base::SettingKey& key,
                       std::span<const std::string_view> words, Enum& value) {
  auto word = std::find(words.begin(), words.end(), text);
  if (word == words.end()) return isNot(text, describe(key, value));
  value = static_cast<Enum>(word - words.begin());
  return "";
}

std::string oneOf(std::span<const std::string_view> words) {
  std::string list = "one of ";
  for (std::string_view word : words) {
    if (word != words.front()) list += ", ";
    list += word;
  }
  return list;
}

// Names as Docker's host names are: they become part of addresses, labels and file names.
bool isNodeName(std::string_view text) {
  auto isAlphanumeric = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  auto fits = [&](char c) { return isAlphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= 63 && isAlphanumeric(text.front()) &&
         isAlphanumeric(text.back()) && std::all_of(text.begin(), text.end(), fits);
}

bool isPath(std::string_view text) {
  auto isControl = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return !text.empty() && std::none_of(text.begin(), text.end(), isControl);
}

}  // namespace

std::string decode(std::string_view text, const base::SettingKey& key, std::string& value) {
  bool sound = text.empty() && !key.empty.empty();
  if (!text.empty()) {
    switch (key.form) {
      case base::SettingKey::Form::path:
        sound = isPath(text);
        break;
      case base::SettingKey::Form::account:
        sound = isAccount(text);
        break;
      case base::SettingKey::Form::nodeName:
        sound = isNodeName(text);
        break;
      case base::SettingKey::Form::address:
        sound = isPath(text) && text.find_first_of(" ,/") == std::string_view::npos;
        break;
      case base::SettingKey::Form::label:
        sound = isPath(text) && text.find('=') != 0;
        break;
    }
  }
  if (!sound) return isNot(text, describe(key, value));
  value = text;
  return "";
}

std::string decode(std::string_view text, const base::SettingKey& key, bool& value) {
  if (text != "on" && text != "off") return isNot(text, describe(key, value));
  value = text == "on";
  return "";
}

std::string decode(std::string_view text, const base::SettingKey& key, int& value) {
  return decodeQuantity(text, key, plainUnit, value);
}

std::string decode(std::string_view text, const base::SettingKey& key, std::size_t& bytes) {
  return decodeQuantity(text, key, sizeUnits, bytes);
}

std::string decode(std::string_view text, const base::SettingKey& key,
                   std::chrono::milliseconds& value) {
  return decodeQuantity(text, key, timeUnits, value);
}

std::string decode(std::string_view text, const base::SettingKey& key, FileMode& value) {
  std::optional<unsigned> mode = parseMode(text);
  if (!mode) return isNot(text, describe(key, value));
  value = {*mode};
  return "";
}

std::string decode(std::string_view text, const base::SettingKey& key, base::Level& value) {
  return decodeWord(text, key, base::levelNames, value);
}

std::string decode(std::string_view text, const base::SettingKey& key, base::LogFormat& value) {
  return decodeWord(text, key, base::logFormatNames, value);
}

std::string decode(std::string_view text, const base::SettingKey& key, labels::Strategy& value) {
  return decodeWord(text, key, labels::strategyNames, value);
}

std::string decode(std::string_view text, const base::SettingKey&, EngineSocket& value) {
  return decode(text, value);
}

std::string decode(std::string_view text, const base::SettingKey&, std::optional<Address>& value) {
  Address address;
  std::string wrong = text.empty() ? "" : decode(text, address);
  if (wrong.empty()) value = text.empty() ? std::nullopt : std::optional(address);
  return wrong;
}

std::string decode(std::string_view text, const base::SettingKey&, Listener& value) {
  return decode(text, value);
}

std::string encode(const std::string& value) {
  return value;
}
std::string encode(bool value) {
  return value ? "on" : "off";
}
std::string encode(int value) {
  return std::to_string(value);
}
std::string encode(std::size_t bytes) {
  return quantityText(static_cast<std::int64_t>(bytes), sizeUnits);
}
std::string encode(std::chrono::milliseconds value) {
  return quantityText(value.count(), timeUnits);
}
std::string encode(FileMode value) {
  return modeText(value.bits);
}
std::string encode(base::Level value) {
  return std::string(base::levelNames[static_cast<int>(value)]);
}
std::string encode(base::LogFormat value) {
  return std::string(base::logFormatNames[static_cast<int>(value)]);
}
std::string encode(labels::Strategy value) {
  return std::string(labels::strategyNames[static_cast<int>(value)]);
}
std::string encode(const std::optional<Address>& value) {
  return value ? encode(*value) : "";
}
std::string encode(const std::vector<std::string>& value) {
  std::string text;
  for (const std::string& each : value) text += (text.empty() ? "" : ", ") + each;
  return text;
}
std::string encode(const std::vector<Listener>& value) {
  std::string text;
  for (const Listener& listener : value) {
    if (!text.empty()) text += ", ";
    text += encode(listener);
  }
  return text;
}

std::string describe(const base::SettingKey& key, const std::string&) {
  switch (key.form) {
    case base::SettingKey::Form::path:
      return "a path";
    case base::SettingKey::Form::account:
      return "a name or a number";
    case base::SettingKey::Form::address:
      return "an address with or without a port";
    case base::SettingKey::Form::label:
      return "KEY=VALUE";
    case base::SettingKey::Form::nodeName:
      break;
  }
  return "a name of at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both "
         "ends";
}
std::string describe(const base::SettingKey&, bool) {
  return "on or off";
}
std::string describe(const base::SettingKey& key, int) {
  return "a whole number " + bounds(key, plainUnit);
}
std::string describe(const base::SettingKey& key, std::size_t) {
  return "a size " + bounds(key, sizeUnits) + ", such as 65536, 64KiB or 1MiB";
}
std::string describe(const base::SettingKey& key, std::chrono::milliseconds) {
  return "a duration " + bounds(key, timeUnits) + ", such as 500ms, 30s or 5m";
}
std::string describe(const base::SettingKey&, FileMode) {
  return "an octal file mode such as 0660";
}
std::string describe(const base::SettingKey&, base::Level) {
  return oneOf(base::levelNames);
}
std::string describe(const base::SettingKey&, base::LogFormat) {
  return oneOf(base::logFormatNames);
}
std::string describe(const base::SettingKey&, labels::Strategy) {
  return oneOf(labels::strategyNames);
}
std::string describe(const base::SettingKey&, const EngineSocket&) {
  return "unix:///PATH";
}
std::string describe(const base::SettingKey&, const std::optional<Address>&) {
  return "ADDR:PORT";
}
std::string describe(const base::SettingKey& key, const std::vector<std::string>&) {
  return "a list, each item " + describe(key, std::string());
}
std::string describe(const base::SettingKey&, const std::vector<Listener>&) {
  return "a list of unix:///PATH, tcp://ADDR:PORT, plain-tcp://127.0.0.1:PORT, fd://";
}

}  // namespace proxy
