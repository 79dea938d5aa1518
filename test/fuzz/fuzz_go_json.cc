// Bodies of requests as Go reads them: any bytes are read or refused, and what was read is JSON
// that is read as the same.

#include <string>
#include <string_view>

#include "base/json.h"
#include "docker/create_type.h"
#include "docker/merge_json.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  base::GoReading reading = base::readAsGo(text, docker::createType);
  fuzz::require(reading.fault.empty() != reading.text.empty());
  fuzz::require(text.ends_with(reading.after));
  if (reading.text.empty()) return 0;
  // A byte that is no UTF-8 becomes three.
  fuzz::require(reading.text.size() <= 3 * text.size());
  base::GoReading again = base::readAsGo(reading.text, docker::createType);
  fuzz::require(again.text == reading.text && again.after.empty());
  fuzz::require(!reading.nodes.empty() && again.nodes.size() == reading.nodes.size());
  fuzz::require(reading.nodes[0].begin == 0 && reading.nodes[0].end == reading.text.size());
  for (const base::GoNode& each : reading.nodes) {
    std::string_view json =
        std::string_view(reading.text).substr(each.begin, each.end - each.begin);
    fuzz::require(base::readAsGo(json, base::go::any).text == json);
    fuzz::require(each.next <= reading.nodes.size());
  }
  bool isObject = reading.text[0] == '{';
  fuzz::require(base::parseJson(reading.text).IsObject() == isObject);
  fuzz::require(docker::JsonObject::parse(reading.text).has_value() == isObject);
  return 0;
}
