#pragma once

// The body of a request as Go reads it (go_json.h), of which values are looked at and changed.
// Changes gather, and text() writes it once. What nobody changed stays as it was written: unknown
// members, their order, numbers, and what does not fit its type, which is for Go to refuse.
//
// What is read tells of the body with its changes. A member that is missing or does not fit tells
// nothing: texts are empty, numbers 0. Copies share what was read, so they are cheap. Pure.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/go_json.h"

namespace base {

class GoDocument {
 public:
  // A value that the type tells of.
  using Node = uint32_t;
  static constexpr Node none = UINT32_MAX;

  GoDocument(std::string_view bytes, const GoType& type);

  // In Go's words, why it is no JSON; empty if it is.
  const std::string& fault() const { return reading_->fault; }
  // What stands behind it.
  const std::string& after() const { return reading_->after; }
  // Bytes before its changes.
  size_t size() const { return reading_->text.size(); }
  // The whole, if it is an object.
  Node root() const;

  // Whether it is there, of this kind, and not null.
  bool isOf(Node node, GoType::Kind kind) const;
  // Whether it is there and of another type than it should be.
  bool isMisfit(Node node) const { return node != none && !reading_->nodes[node].type; }
  // Elements of a list, members of a map.
  template <class Visit>
  void each(Node list, Visit visit) const {
    if (!isOf(list, GoType::Kind::list) && !isOf(list, GoType::Kind::map)) return;
    for (Node at = list + 1; at < reading_->nodes[list].next; at = reading_->nodes[at].next) {
      if (!isDropped(list, at)) visit(at);
    }
  }
  Node child(Node object, std::string_view name) const;
  std::string nameOf(Node node) const;
  std::string text(Node node) const;

  std::string textOf(Node object, std::string_view name) const;
  std::vector<std::string> textsOf(Node object, std::string_view name) const;
  // Of a map's members.
  std::vector<std::string> namesOf(Node object, std::string_view name) const;
  bool isTrue(Node object, std::string_view name) const { return jsonOf(object, name) == "true"; }
  // 0 for what is no such number.
  template <class Number>
  Number numberOf(Node object, std::string_view name) const {
    std::string_view json = jsonOf(object, name);
    Number value = 0;
    auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
    return error == std::errc() && end == json.data() + json.size() ? value : 0;
  }
  // Members that were put into it.
  using Members = std::vector<std::pair<std::string, std::string>>;  // name, JSON
  const Members& putInto(Node object) const;

  // This JSON in the place of the value.
  void replace(Node node, std::string json) { instead_[node] = std::move(json); }
  // The same of a member, or a new one. One that does not fit stays.
  void put(Node object, const std::string& name, std::string json);
  // Elements of a list: their indexes, in order.
  void drop(Node list, const std::vector<size_t>& indexes);

  // The JSON. Without changes what readAsGo() makes of it: what was given, byte for byte, if that
  // was written in Go's one way.
  std::string text() const;

 private:
  struct Reading {
    std::string text;
    std::vector<GoNode> nodes;
    std::string after;
    std::string fault;
  };

  std::string_view writtenName(Node node) const;
  std::string_view json(Node node) const;
  std::string_view jsonOf(Node object, std::string_view name) const;
  bool isDropped(Node list, Node element) const;
  std::string listWithout(Node list) const;

  std::shared_ptr<const Reading> reading_;  // never changes, so that copies are cheap
  std::map<Node, std::string> instead_;
  std::map<Node, Members> more_;               // by object, what it lacked
  std::map<Node, std::vector<Node>> dropped_;  // by list, in order
};

}  // namespace base
