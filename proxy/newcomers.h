#pragma once

// Connections that have not shown yet who they are: how many there may be, and which one has to go
// when there are more. It is never the one that came last: whoever shows a certificate within the
// milliseconds that this takes gets through, however many others only hold a place. Pure.

#include <list>
#include <map>
#include <string>
#include <unordered_map>

namespace proxy {

class Connection;

class Newcomers {
 public:
  // How many at a time: in all, and from one address.
  Newcomers(size_t most, size_t mostOfOne) : most_(most), mostOfOne_(mostOfOne) {}

  // Takes one in. Gives back the one that has to go for it, or nullptr; that one has left.
  // `isMember`: nodes of the cluster are at this address, and may all come at once.
  Connection* enter(Connection* newcomer, std::string address, bool isMember);
  // It has shown who it is, or is gone. Those that have left may leave again.
  void leave(Connection* newcomer);

  size_t count() const { return byAge_.size(); }

 private:
  struct Entry {
    Connection* connection;
    std::string address;
  };
  Connection* takeOldestOf(const std::string& address);
  void erase(std::list<Entry>::iterator entry);

  size_t most_;
  size_t mostOfOne_;
  std::list<Entry> byAge_;
  std::unordered_map<Connection*, std::list<Entry>::iterator> places_;
  std::map<std::string, size_t> fromAddress_;
};

}  // namespace proxy
