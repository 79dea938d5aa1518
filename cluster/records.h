#pragma once

// The records of all nodes, as those see them who read them and write those of this node.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cluster/types.h"

namespace cluster {

struct Record {
  std::string value;
  uint64_t version = 0;
};

// Bytes of one record's value; what is longer is not written.
constexpr size_t maxRecordValue = 1024 * 1024;

class Records {
 public:
  virtual ~Records() = default;

  // ---- ours; nothing happens while this node is in no cluster
  // `confidential` ones never travel by datagram.
  virtual void put(const std::string& key, std::string value, bool confidential = false) = 0;
  virtual void erase(const std::string& key) = 0;

  // ---- of all nodes; throw AgentError while this node is in no cluster
  // Nothing if there is no such record. Valid until the next change of any record.
  virtual const Record* find(const NodeId& owner, const std::string& key) const = 0;
  // For each of that node's whose key begins with `prefix`, by key.
  using Take = std::function<void(const std::string& key, const Record& record)>;
  virtual void eachOf(const NodeId& owner, std::string_view prefix, const Take& take) const = 0;
  // The same of ours.
  virtual void eachOfOurs(std::string_view prefix, const Take& take) const = 0;
};

}  // namespace cluster
