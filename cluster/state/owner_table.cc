#include "cluster/state/owner_table.h"

#include <algorithm>

namespace cluster {

OwnerRow& OwnerTable::at(const NodeId& id) {
  if (OwnerRow* row = rows_.find(id)) return *row;
  auto fresh = std::make_unique<OwnerRow>();
  fresh->id = id;
  fresh->idHash = base::hashOf(id.text());
  byId_.insert(byId_.begin() + static_cast<std::ptrdiff_t>(placeOf(id)), fresh.get());
  return rows_.add(std::move(fresh));
}

void OwnerTable::erase(const NodeId& id) {
  OwnerRow* row = rows_.find(id);
  if (!row) return;
  add(*row, -weight(*row));
  byId_.erase(byId_.begin() + static_cast<std::ptrdiff_t>(placeOf(id)));
  rows_.erase(id);
}

size_t OwnerTable::placeOf(const NodeId& id) const {
  auto place = std::lower_bound(byId_.begin(), byId_.end(), id,
                                [](const OwnerRow* row, const NodeId& id) { return row->id < id; });
  return static_cast<size_t>(place - byId_.begin());
}

uint64_t OwnerTable::weight(const OwnerRow& row) {
  const OwnerRecords& records = row.records;
  if (records.version() == 0 && records.live() == 0) return 0;
  return base::spread(row.idHash ^ records.digest());
}

void OwnerTable::add(const OwnerRow& row, uint64_t weight) {
  digest_ += weight;
  buckets_[bucketOf(row)] += weight;
}

}  // namespace cluster
