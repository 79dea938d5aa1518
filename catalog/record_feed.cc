#include "catalog/record_feed.h"

#include <algorithm>

namespace catalog {

void RecordFeed::close() {
  any_.clear();
  memberships_.clear();
  channels_.clear();
}

void RecordFeed::entered(const cluster::Endpoint& listen) {
  for (const Membership& each : memberships_) {
    if (each.entered) each.entered(listen);
  }
}

void RecordFeed::exited() {
  for (auto each = memberships_.rbegin(); each != memberships_.rend(); ++each) {
    if (each->exited) each->exited();
  }
}

void RecordFeed::recordChanged(const cluster::NodeId& owner, const std::string& key,
                               const cluster::Record& record) {
  for (const std::function<void()>& each : any_) each();
  if (Channel* channel = channelOf(key))
    channel->changed(owner, key.substr(channel->prefix.size()), record);
}

void RecordFeed::recordErased(const cluster::NodeId& owner, const std::string& key) {
  for (const std::function<void()>& each : any_) each();
  if (Channel* channel = channelOf(key)) channel->erased(owner, key.substr(channel->prefix.size()));
}

RecordFeed::Channel* RecordFeed::overlapping(std::string_view prefix) const {
  auto found = std::find_if(channels_.begin(), channels_.end(), [&](const auto& each) {
    return prefix.starts_with(each->prefix) || each->prefix.starts_with(prefix);
  });
  return found == channels_.end() ? nullptr : found->get();
}

RecordFeed::Channel* RecordFeed::channelOf(std::string_view key) const {
  auto found = std::find_if(channels_.begin(), channels_.end(),
                            [&](const auto& each) { return key.starts_with(each->prefix); });
  return found == channels_.end() ? nullptr : found->get();
}

}  // namespace catalog
