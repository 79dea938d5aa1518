#include "proxy/merge/merge_events.h"

#include <algorithm>

namespace proxy {
namespace {

// The event with these members added to its Actor.Attributes.
std::string withAttributes(const catalog::NodeAnswer& node, docker::JsonObject& event,
                           const std::string& added) {
  std::string_view actorJson = event.find("Actor");
  docker::JsonObject actor =
      catalog::objectOf(node, actorJson.empty() ? "{}" : actorJson, "Actor of an event");
  std::string_view attributes = actor.find("Attributes");
  std::vector<docker::JsonMember> own =
      catalog::membersOf(node, attributes, "Attributes of an event");
  std::string_view head = "{";
  if (!own.empty()) head = attributes.substr(0, attributes.rfind('}'));
  actor.set("Attributes", std::string(head) + (own.empty() ? "" : ",") + added + "}");
  event.set("Actor", actor.text());
  return event.text() + "\n";
}

}  // namespace

void EventMerger::add(const catalog::NodeAnswer& node) {
  Stream stream;
  stream.node = node;
  stream.attributes = "\"node.addr\":" + docker::jsonString(node.nodeAddress) +
                      ",\"node.id\":" + docker::jsonString(node.nodeId) +
                      ",\"node.name\":" + docker::jsonString(node.nodeName);
  streams_[node.nodeId] = std::move(stream);
}

void EventMerger::remove(const std::string& nodeId) {
  streams_.erase(nodeId);
}

void EventMerger::push(const std::string& nodeId, std::string_view bytes, Time now) {
  auto found = streams_.find(nodeId);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  try {
    while (!bytes.empty()) {
      size_t end = bytes.find('\n');
      std::string_view piece = bytes.substr(0, end);
      if (stream.partial.size() + piece.size() > options_.maxLine)
        throw catalog::MergeError(stream.node.nodeName, "an event is too large");
      if (end == std::string_view::npos) {
        stream.partial.append(piece);
        return;
      }
      bytes.remove_prefix(end + 1);
      if (stream.partial.empty()) {
        pushLine(stream, piece, now);
        continue;
      }
      std::string line = std::move(stream.partial);
      stream.partial.clear();
      line.append(piece);
      pushLine(stream, line, now);
    }
  } catch (const catalog::MergeError&) {
    streams_.erase(found);
    throw;
  }
}

void EventMerger::pushLine(Stream& stream, std::string_view line, Time now) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  docker::JsonObject event = catalog::objectOf(stream.node, line, "an event");
  std::string_view nano = event.find("timeNano");
  if (nano.empty()) throw catalog::MergeError(stream.node.nodeName, "an event has no timeNano");
  stream.last = std::max(stream.last, catalog::numberOf(stream.node, nano, "timeNano of an event"));

  Held held{withAttributes(stream.node, event, stream.attributes), now + options_.window};
  heldBytes_ += held.line.size();
  Key key(stream.last, stream.node.nodeId, ++count_);
  due_.emplace(std::pair(held.until, count_), key);
  objects_.emplace(std::move(key), std::move(held));
}

std::string EventMerger::take(Time now) {
  std::string out;
  // Whoever's time is over goes, and before it all that happened earlier.
  while (!due_.empty() && (due_.begin()->first.first <= now || isFull())) {
    Key last = due_.begin()->second;
    while (!objects_.empty() && objects_.begin()->first <= last) {
      auto first = objects_.begin();
      out.append(first->second.line);
      heldBytes_ -= first->second.line.size();
      due_.erase({first->second.until, std::get<uint64_t>(first->first)});
      objects_.erase(first);
    }
  }
  return out;
}

std::optional<EventMerger::Time> EventMerger::nextTake() const {
  if (due_.empty()) return std::nullopt;
  // Too much is held: at once, whenever that is.
  return isFull() ? Time::min() : due_.begin()->first.first;
}

}  // namespace proxy
