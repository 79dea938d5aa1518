#pragma once

// Every owner's records, with a digest of all of them and one of each bucket: owners fall into
// buckets by the hash of their id, so that two members who differ about a few owners need not
// compare all (after Merkle's trees, with one level). Knows no rules: those are in state.cc.

#include <array>
#include <cstdint>
#include <vector>

#include "cluster/id_index.h"
#include "cluster/state/owner_records.h"

namespace cluster {

struct OwnerRow {
  NodeId id;
  uint64_t idHash = 0;
  OwnerRecords records;
};

inline const NodeId& idOf(const OwnerRow& row) {
  return row.id;
}

class OwnerTable {
 public:
  static constexpr size_t bucketCount = 64;
  using Buckets = std::array<uint64_t, bucketCount>;

  // Nothing if it is not known. Valid until it is erased.
  OwnerRow* find(const NodeId& id) { return rows_.find(id); }
  const OwnerRow* find(const NodeId& id) const { return rows_.find(id); }
  // Begins it with no records if it is not known.
  OwnerRow& at(const NodeId& id);
  void erase(const NodeId& id);
  // Every change of records that others may see goes through here, so that the digests stay right.
  template <class Act>
  void change(OwnerRow& row, Act act) {
    uint64_t before = weight(row);
    act(row.records);
    add(row, weight(row) - before);
  }

  size_t size() const { return rows_.size(); }
  const std::vector<OwnerRow*>& byId() const { return byId_; }
  // Where it is in byId(), or would be.
  size_t placeOf(const NodeId& id) const;
  // Equal tables have equal digests. An owner of whom there is nothing does not count.
  uint64_t digest() const { return digest_; }
  const Buckets& buckets() const { return buckets_; }
  static size_t bucketOf(const OwnerRow& row) { return row.idHash % bucketCount; }

 private:
  static uint64_t weight(const OwnerRow& row);
  void add(const OwnerRow& row, uint64_t weight);

  IdIndex<OwnerRow> rows_;
  std::vector<OwnerRow*> byId_;
  uint64_t digest_ = 0;
  Buckets buckets_{};
};

}  // namespace cluster
