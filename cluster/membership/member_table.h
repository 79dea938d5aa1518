#pragma once

// Everyone that membership knows, ourselves included, with counts and a digest of the whole. Knows
// no rules: those are in membership_updates.cc.

#include <memory>
#include <vector>

#include "cluster/id_index.h"
#include "cluster/membership/membership.h"
#include "cluster/membership/suspicion.h"

namespace cluster {

struct MemberRow {
  Member member;
  uint64_t detailsIncarnation = 0;       // of the incarnation that name and addresses came with
  NodeId accuser;                        // who suspects it, as said last, or declared it failed
  std::unique_ptr<Suspicion> suspicion;  // while it is suspect
  std::chrono::microseconds roundTrip{-1};
  uint64_t newsNumber = 0;  // UpdateQueue's; 0 if there is no news

  bool isLiving() const {
    return member.status == Status::alive || member.status == Status::suspect;
  }
};

inline const NodeId& idOf(const MemberRow& row) {
  return row.member.id;
}

class MemberTable {
 public:
  explicit MemberTable(Member self);

  MemberRow& self() { return *self_; }
  const MemberRow& self() const { return *self_; }
  // Nothing if it is not known. Valid until it is erased.
  MemberRow* find(const NodeId& id) { return rows_.find(id); }
  const MemberRow* find(const NodeId& id) const { return rows_.find(id); }
  // `id` of the member must not be known; it takes the given place among the others.
  MemberRow& add(Member member, size_t place);
  // Not of ourselves.
  void erase(const NodeId& id);
  // Every change of status and incarnation goes through here.
  void set(MemberRow& row, Status status, uint64_t incarnation);

  // All but ourselves, in no order that means anything; the owner may exchange them.
  std::vector<MemberRow*>& others() { return others_; }
  const std::vector<MemberRow*>& others() const { return others_; }
  // Everyone, ourselves included, by id.
  const std::vector<MemberRow*>& byId() const { return byId_; }
  // The next alive one by id, where the first comes after the last; nothing if we are alone.
  MemberRow* nextAlive() const;
  size_t size() const { return rows_.size(); }
  // Alive and suspect, ourselves included.
  size_t living() const { return living_; }
  size_t failed() const { return failed_; }
  // Equal tables have equal hashes; alive and suspect count as the same.
  uint64_t hash() const { return hash_; }

 private:
  MemberRow& begin(Member member);
  std::vector<MemberRow*>::const_iterator placeOf(const NodeId& id) const;
  void count(const MemberRow& row, int by);

  IdIndex<MemberRow> rows_;
  std::vector<MemberRow*> others_;
  std::vector<MemberRow*> byId_;
  MemberRow* self_;
  size_t living_ = 0;
  size_t failed_ = 0;
  uint64_t hash_ = 0;
};

}  // namespace cluster
