#pragma once

// All that one node knows of one owner's records: the records by key and by version, and how far
// they go. Pure: no time but what tombstones are stamped with, no messages but the deltas.
//
// A delta may have been cut for its size. A record that was written anew after the cut is then in
// neither part until the rest is there, so between the parts this is `partial`: it tells nobody of
// these records, and does not claim to know them. Who lacks tombstones that others forgot is sent
// everything from 0; what he has is then `stale` and goes when the new is complete.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "cluster/state/state.h"
#include "cluster/wire.pb.h"

namespace cluster {

class OwnerRecords {
 public:
  // Nothing above is believed, so that no counter ever overflows and an owner can always go above.
  static uint64_t maxVersion(const StateOptions& options) {
    constexpr uint64_t most = uint64_t{1} << 62;
    return options.maxVersion ? std::min(options.maxVersion(), most) : most;
  }

  struct Entry {
    std::string key;
    Record record;
    Time erasedAt{0};  // of a tombstone: when it was heard of here
    bool deleted = false;
    bool confidential = false;
    bool stale = false;
  };
  // Told of each record that changed or, if `deleted`, went. It may be gone after the call.
  using Report = std::function<void(const Entry& entry)>;

  OwnerRecords() = default;
  OwnerRecords(const OwnerRecords&) = delete;
  OwnerRecords& operator=(const OwnerRecords&) = delete;

  uint64_t version() const { return version_; }
  // Up to where nothing is missing here.
  uint64_t known() const { return known_; }
  // What whoever told us had.
  uint64_t target() const { return target_; }
  // Deletions up to it are heeded here, whether their tombstones were seen or not.
  uint64_t clean() const { return std::max(version_, clean_); }
  bool partial() const { return partial_; }
  bool reloading() const { return reloading_; }
  // Of the live records, but for partial ones never 0.
  uint64_t hash() const;
  // Of version and live records.
  uint64_t digest() const { return base::spread(contents_ + base::spread(version_)); }
  size_t live() const { return live_; }
  size_t tombstones() const { return byKey_.size() - live_; }
  // Nothing if there is no such record.
  const Record* find(std::string_view key) const;
  void each(std::string_view prefix,
            const std::function<void(const std::string& key, const Record& record)>& take) const;

  // ---- of ourselves. `start`: the version that the process began with.
  void begin(uint64_t start);
  // Says why not, if it would break a limit. Does nothing if it is there already.
  std::string put(const std::string& key, std::string value, bool confidential,
                  const StateOptions& options, const Report& report);
  void erase(Time now, const std::string& key, const Report& report);
  void finishReload();
  // Somebody else used versions up to this under our name: ours go above, theirs become void.
  void jump(uint64_t above, const Report& report);

  // ---- from others
  enum class Fit { taken, gap, known, refused };
  struct Taken {
    Fit fit = Fit::known;
    std::string why;  // of refused
  };
  // Takes what is new of it. `gap`: something before it is missing, ask. `refused` changes nothing.
  Taken take(Time now, const wire::OwnerDelta& delta, const StateOptions& options,
             const Report& report);
  // What we have may never become complete, or differs from what others have under the same
  // version: starts from 0.
  void restart();

  // ---- for others. Not while partial.
  // What somebody lacks who has `version` and `clean`, as much as fits into `bytes`, but at least
  // one record.
  void fill(wire::OwnerDelta& delta, uint64_t version, uint64_t clean, size_t bytes) const;
  // The newest records after `base`, as many as fit into `bytes` and none that is confidential.
  void fillNews(wire::OwnerDelta& delta, uint64_t base, size_t bytes) const;

  // Forgets tombstones from `before`, and the older half of them if there are too many.
  void purge(Time before, size_t maxTombstones);

 private:
  using Entries = std::list<Entry>;  // stale ones, then by version
  struct ByKey {
    using is_transparent = void;
    bool operator()(Entries::iterator one, Entries::iterator other) const {
      return one->key < other->key;
    }
    bool operator()(Entries::iterator one, std::string_view key) const { return one->key < key; }
    bool operator()(std::string_view key, Entries::iterator one) const { return key < one->key; }
  };

  Entries::iterator entry(std::string_view key);
  // Makes it the newest.
  void set(Entries::iterator entry, Record record, bool deleted, bool confidential);
  void drop(Entries::iterator entry);
  void dropVoid(const Report& report);
  // Adds it to the sums, or takes it out.
  void count(const Entry& entry, bool add);
  Entries::const_iterator after(uint64_t version) const;
  void head(wire::OwnerDelta& delta) const;
  bool mustStartAnew(const wire::OwnerDelta& delta) const;
  std::string brokenLimit(const wire::OwnerDelta& delta, const StateOptions& options) const;
  void takeRecord(Time now, const wire::Record& record, const Report& report);

  Entries entries_;
  std::set<Entries::iterator, ByKey> byKey_;
  uint64_t version_ = 0;
  uint64_t target_ = 0;
  uint64_t known_ = 0;
  uint64_t clean_ = 0;
  uint64_t floor_ = 0;
  uint64_t purged_ = 0;
  uint64_t start_ = 0;     // of ourselves
  uint64_t contents_ = 0;  // sum over the live records
  size_t live_ = 0;
  size_t bytes_ = 0;  // of keys and values
  bool partial_ = false;
  bool reloading_ = false;
};

}  // namespace cluster
