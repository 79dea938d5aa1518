#include "cluster/membership/member_table.h"

#include <algorithm>

namespace cluster {
namespace {

// The finisher of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators",
// 2014): hashes are added up, so each must be spread over all bits.
uint64_t spread(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

uint64_t hashOf(const MemberRow& row) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a: the same on all machines, unlike std::hash
  for (char letter : row.member.id.text()) {
    hash = (hash ^ static_cast<uint8_t>(letter)) * 1099511628211u;
  }
  Status status = row.isLiving() ? Status::alive : row.member.status;
  return spread(spread(hash ^ row.member.incarnation) + static_cast<uint64_t>(status));
}

}  // namespace

MemberTable::MemberTable(Member self) : self_(&begin(std::move(self))) {
  byId_.push_back(self_);
  count(*self_, 1);
}

MemberRow& MemberTable::add(Member member, size_t place) {
  MemberRow& row = begin(std::move(member));
  others_.insert(others_.begin() + static_cast<std::ptrdiff_t>(place), &row);
  byId_.insert(placeOf(row.member.id), &row);
  count(row, 1);
  return row;
}

MemberRow& MemberTable::begin(Member member) {
  auto row = std::make_unique<MemberRow>();
  row->member = std::move(member);
  row->detailsIncarnation = row->member.incarnation;
  return rows_.add(std::move(row));
}

void MemberTable::erase(const NodeId& id) {
  MemberRow* row = rows_.find(id);
  count(*row, -1);
  others_.erase(std::find(others_.begin(), others_.end(), row));
  byId_.erase(placeOf(id));
  rows_.erase(id);
}

MemberRow* MemberTable::nextAlive() const {
  auto self = static_cast<size_t>(placeOf(self_->member.id) - byId_.begin());
  for (size_t step = 1; step < byId_.size(); step++) {
    MemberRow* row = byId_[(self + step) % byId_.size()];
    if (row->member.status == Status::alive) return row;
  }
  return nullptr;
}

std::vector<MemberRow*>::const_iterator MemberTable::placeOf(const NodeId& id) const {
  return std::lower_bound(
      byId_.begin(), byId_.end(), id,
      [](const MemberRow* row, const NodeId& id) { return row->member.id < id; });
}

void MemberTable::set(MemberRow& row, Status status, uint64_t incarnation) {
  count(row, -1);
  row.member.status = status;
  row.member.incarnation = incarnation;
  count(row, 1);
}

void MemberTable::count(const MemberRow& row, int by) {
  auto change = static_cast<uint64_t>(by);  // -1 wraps, as intended
  if (row.isLiving()) living_ += change;
  if (row.member.status == Status::failed) failed_ += change;
  hash_ += change * hashOf(row);
}

}  // namespace cluster
