#pragma once

// What must survive a reboot, in SQLite: the file drover.db (0600) in the state directory (0700).
// What is here cannot be read again from the engine or from peers. A change is on the disk when the
// call returns, whole or not at all. Calls wait for the disk; they are few.
//
// One process at a time: the file stays locked while it is open.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cluster/secret.h"
#include "cluster/types.h"

namespace cluster {

// Names the file and says what can be done.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The disk is full, read-only or ill: what is there is as it was, and the same may be tried again.
class StoreUnwritable : public StoreError {
 public:
  using StoreError::StoreError;
};

// A member as it was last known, to be tried after a restart.
struct Seed {
  NodeId id;
  std::string name;
  Endpoint gossip;
  uint16_t apiPort = 0;
  bool operator==(const Seed&) const = default;
};

// All that is saved. Texts are stored as they are, and not looked into.
struct Saved {
  NodeId node;              // nobody: no identity was saved
  std::string addresses;    // JSON
  std::string config;       // of the cluster, JSON; empty: in no cluster
  std::string certificate;  // PEM
  Secret key;
  std::string availability;
  std::map<std::string, std::string> labels;
  std::vector<Seed> members;    // by id
  std::vector<NodeId> removed;  // by id
};

class Store {
 public:
  // Opens or makes the file, and the directory. Throws StoreError: if another process has it, if it
  // is damaged, of another program or of a newer drover. If it is StoreUnwritable, that is left to
  // the calls below, each of which tries again.
  explicit Store(const std::string& directory);
  ~Store();

  Saved load();

  // Whatever is given replaces what is there, all of it in one transaction. The pointer is a loan
  // for the call. Throws StoreError, and then nothing has changed.
  struct Change {
    std::optional<NodeId> node = {};
    std::optional<std::string> addresses = {};
    std::optional<std::string> config = {};
    std::optional<std::string> certificate = {};
    const Secret* key = nullptr;
    std::optional<std::string> availability = {};
    std::optional<std::map<std::string, std::string>> labels = {};
    std::optional<std::vector<Seed>> members = {};
    std::optional<std::vector<NodeId>> removed = {};
  };
  void save(const Change& change);

  // `block` numbers that were never given before: the first of them. What is not used of them is
  // lost, so a process reserves many at once.
  uint64_t reserve(uint64_t block);
  // At least this much counts as used, for whoever learns that others know more.
  void reserveAbove(uint64_t used);

  // A session for this start of the process, higher than those before: the upper half counts the
  // starts, the lower half is drawn, so that copies of one state directory do not share a session
  // (see packet_seal.h).
  uint64_t beginSession();

  // Erases everything, and overwrites it: for `docker swarm leave`. The store remains usable.
  void forget();

 private:
  class Impl;
  Impl& impl();

  std::string directory_;
  std::unique_ptr<Impl> impl_;  // none while it cannot be opened
};

}  // namespace cluster
