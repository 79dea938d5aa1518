#include "base/go_document.h"

#include <algorithm>

#include "base/json.h"

namespace base {
namespace {

std::string plain(std::string_view json) {
  if (!json.starts_with('"')) return {};
  std::string_view inside = json.substr(1, json.size() - 2);
  if (inside.find('\\') == inside.npos) return std::string(inside);
  return std::string(asText(parseJson(json)));
}

}  // namespace

GoDocument::GoDocument(std::string_view bytes, const GoType& type) {
  GoReading read = readAsGo(bytes, type);
  reading_ = std::make_shared<const Reading>(Reading{
      std::move(read.text), std::move(read.nodes), std::string(read.after), std::move(read.fault)});
}

GoDocument::Node GoDocument::root() const {
  bool isObject = !reading_->nodes.empty() && isOf(0, GoType::Kind::object);
  return isObject ? 0 : none;
}

bool GoDocument::isOf(Node node, GoType::Kind kind) const {
  if (node == none) return false;
  const GoNode& its = reading_->nodes[node];
  return its.type && its.type->kind == kind && json(node) != "null";
}

GoDocument::Node GoDocument::child(Node object, std::string_view name) const {
  if (object == none) return none;
  for (Node at = object + 1; at < reading_->nodes[object].next; at = reading_->nodes[at].next) {
    std::string_view written = writtenName(at);
    bool isIt = written.find('\\') == written.npos ? written == name : nameOf(at) == name;
    if (isIt) return at;
  }
  return none;
}

std::string_view GoDocument::writtenName(Node node) const {
  const GoNode& its = reading_->nodes[node];
  return std::string_view(reading_->text).substr(its.name, its.nameSize);
}

std::string GoDocument::nameOf(Node node) const {
  std::string_view written = writtenName(node);
  bool isPlain = written.find('\\') == written.npos;
  return isPlain ? std::string(written) : plain("\"" + std::string(written) + "\"");
}

std::string_view GoDocument::json(Node node) const {
  if (auto changed = instead_.find(node); changed != instead_.end()) return changed->second;
  const GoNode& its = reading_->nodes[node];
  return std::string_view(reading_->text).substr(its.begin, its.end - its.begin);
}

std::string_view GoDocument::jsonOf(Node object, std::string_view name) const {
  Node node = child(object, name);
  if (node != none) return isMisfit(node) ? std::string_view() : json(node);
  for (const auto& [key, value] : putInto(object)) {
    if (key == name) return value;
  }
  return {};
}

std::string GoDocument::text(Node node) const {
  return isOf(node, GoType::Kind::text) ? plain(json(node)) : std::string();
}

std::string GoDocument::textOf(Node object, std::string_view name) const {
  return plain(jsonOf(object, name));
}

std::vector<std::string> GoDocument::textsOf(Node object, std::string_view name) const {
  std::vector<std::string> found;
  each(child(object, name), [&](Node node) {
    if (isOf(node, GoType::Kind::text)) found.push_back(text(node));
  });
  return found;
}

std::vector<std::string> GoDocument::namesOf(Node object, std::string_view name) const {
  std::vector<std::string> found;
  Node map = child(object, name);
  each(map, [&](Node node) { found.push_back(nameOf(node)); });
  return found;
}

const GoDocument::Members& GoDocument::putInto(Node object) const {
  static const Members nothing;
  auto more = more_.find(object);
  return more == more_.end() ? nothing : more->second;
}

void GoDocument::put(Node object, const std::string& name, std::string json) {
  if (object == none) return;
  if (Node node = child(object, name); node != none) {
    if (!isMisfit(node)) replace(node, std::move(json));
    return;
  }
  Members& more = more_[object];
  auto known =
      std::find_if(more.begin(), more.end(), [&](const auto& each) { return each.first == name; });
  if (known != more.end()) {
    known->second = std::move(json);
  } else {
    more.emplace_back(name, std::move(json));
  }
}

bool GoDocument::isDropped(Node list, Node element) const {
  auto dropped = dropped_.find(list);
  return dropped != dropped_.end() &&
         std::binary_search(dropped->second.begin(), dropped->second.end(), element);
}

void GoDocument::drop(Node list, const std::vector<size_t>& indexes) {
  std::vector<Node> more;
  size_t i = 0;
  each(list, [&](Node node) {
    if (std::binary_search(indexes.begin(), indexes.end(), i++)) more.push_back(node);
  });
  if (more.empty()) return;
  std::vector<Node>& dropped = dropped_[list];
  dropped.insert(dropped.end(), more.begin(), more.end());
  std::sort(dropped.begin(), dropped.end());
}

std::string GoDocument::listWithout(Node list) const {
  std::string kept = "[";
  each(list, [&](Node node) { kept.append(kept.size() > 1 ? "," : "").append(json(node)); });
  return kept + "]";
}

std::string GoDocument::text() const {
  struct Splice {
    size_t begin, end;
    std::string json;
  };
  const std::string& text = reading_->text;
  std::vector<Splice> splices;
  auto inPlaceOf = [&](Node node, std::string json) {
    splices.push_back({reading_->nodes[node].begin, reading_->nodes[node].end, std::move(json)});
  };
  for (const auto& [node, json] : instead_) inPlaceOf(node, json);
  for (const auto& [list, elements] : dropped_) inPlaceOf(list, listWithout(list));
  for (const auto& [object, members] : more_) {
    const GoNode& its = reading_->nodes[object];
    std::string json;
    for (const auto& [name, value] : members) {
      bool isFirst = json.empty() && its.end - its.begin == 2;
      json.append(isFirst ? "" : ",").append(JsonWriter().value(name).text());
      json.append(":").append(value);
    }
    splices.push_back({its.end - size_t{1}, its.end - size_t{1}, std::move(json)});
  }
  if (splices.empty()) return text;
  std::sort(splices.begin(), splices.end(), [](const Splice& a, const Splice& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  size_t size = text.size();
  for (const Splice& each : splices) size += each.json.size();
  std::string out;
  out.reserve(size);
  size_t copied = 0;
  for (const Splice& each : splices) {
    if (each.begin < copied) continue;  // within what was replaced as a whole
    out.append(text, copied, each.begin - copied).append(each.json);
    copied = each.end;
  }
  return out.append(text, copied);
}

}  // namespace base
