#include "proxy/newcomers.h"

#include <algorithm>
#include <utility>

namespace proxy {

Connection* Newcomers::enter(Connection* newcomer, std::string address, bool isMember) {
  size_t there = ++fromAddress_[address];
  byAge_.push_back({newcomer, address});
  places_[newcomer] = std::prev(byAge_.end());
  if (there > mostOfOne_ && !isMember) return takeOldestOf(address);
  if (byAge_.size() <= most_) return nullptr;
  auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
  return takeOldestOf(std::max_element(fromAddress_.begin(), fromAddress_.end(), fewer)->first);
}

Connection* Newcomers::takeOldestOf(const std::string& address) {
  auto entry = std::find_if(byAge_.begin(), byAge_.end(),
                            [&](const Entry& each) { return each.address == address; });
  Connection* connection = entry->connection;
  erase(entry);
  return connection;
}

void Newcomers::leave(Connection* newcomer) {
  auto place = places_.find(newcomer);
  if (place != places_.end()) erase(place->second);
}

void Newcomers::erase(std::list<Entry>::iterator entry) {
  auto from = fromAddress_.find(entry->address);
  if (--from->second == 0) fromAddress_.erase(from);
  places_.erase(entry->connection);
  byAge_.erase(entry);
}

}  // namespace proxy
