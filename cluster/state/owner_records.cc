#include "cluster/state/owner_records.h"

#include <iterator>
#include <utility>

namespace cluster {
namespace {

// What a record takes in a message beside key and value.
constexpr size_t recordOverhead = 32;

uint64_t digestOf(const OwnerRecords::Entry& entry) {
  uint64_t hash = base::hashOf(entry.key);
  return base::hashOf(entry.record.value, hash) + base::spread(hash ^ entry.record.version);
}

size_t wireSize(const OwnerRecords::Entry& entry) {
  return recordOverhead + entry.key.size() + entry.record.value.size();
}

void write(const OwnerRecords::Entry& entry, wire::Record& record) {
  record.set_key(entry.key);
  record.set_version(entry.record.version);
  record.set_value(entry.record.value);
  record.set_deleted(entry.deleted);
  record.set_confidential(entry.confidential);
}

uint64_t sourceOf(const wire::OwnerDelta& delta) {
  return std::max<uint64_t>(delta.source(), delta.version());
}

// What is wrong with it, whoever reads it; empty if nothing is.
std::string flawOf(const wire::OwnerDelta& delta, const StateOptions& options) {
  uint64_t source = sourceOf(delta);
  if (source > OwnerRecords::maxVersion(options)) return "a version ahead of this node's clock";
  if (delta.base() > delta.version() || delta.floor() > source || delta.purged() > source)
    return "versions that contradict each other";
  uint64_t before = delta.base();
  for (const wire::Record& record : delta.records()) {
    if (record.version() <= before || record.version() > delta.version())
      return "a record out of order";
    before = record.version();
    if (record.key().empty() || record.key().size() > options.maxKey)
      return "a key of " + std::to_string(record.key().size()) + " bytes";
    if (record.value().size() > options.maxValue)
      return "a value of " + std::to_string(record.value().size()) + " bytes";
    if (record.deleted() && !record.value().empty()) return "a tombstone with a value";
  }
  return {};
}

}  // namespace

uint64_t OwnerRecords::hash() const {
  return partial_ ? 0 : base::spread(contents_) | 1;
}

const Record* OwnerRecords::find(std::string_view key) const {
  auto found = byKey_.find(key);
  return found == byKey_.end() || (*found)->deleted ? nullptr : &(*found)->record;
}

void OwnerRecords::each(
    std::string_view prefix,
    const std::function<void(const std::string& key, const Record& record)>& take) const {
  for (auto it = byKey_.lower_bound(prefix); it != byKey_.end(); ++it) {
    const Entry& entry = **it;
    if (!std::string_view(entry.key).starts_with(prefix)) return;
    if (!entry.deleted) take(entry.key, entry.record);
  }
}

// ---- of ourselves

void OwnerRecords::begin(uint64_t start) {
  version_ = target_ = known_ = start_ = start;
  reloading_ = true;
}

std::string OwnerRecords::put(const std::string& key, std::string value, bool confidential,
                              const StateOptions& options, const Report& report) {
  if (key.empty() || key.size() > options.maxKey)
    return "a key of " + std::to_string(key.size()) + " bytes";
  if (value.size() > options.maxValue)
    return "\"" + key + "\": a value of " + std::to_string(value.size()) + " bytes";
  auto found = byKey_.find(key);
  bool lives = found != byKey_.end() && !(*found)->deleted;
  if (lives && (*found)->record.value == value && (*found)->confidential == confidential) return {};
  if (!lives && live_ >= options.maxRecords)
    return "\"" + key + "\": more than " + std::to_string(options.maxRecords) + " records";
  size_t replaced = lives ? key.size() + (*found)->record.value.size() : 0;
  if (bytes_ - replaced + key.size() + value.size() > options.maxBytes)
    return "\"" + key + "\": more than " + std::to_string(options.maxBytes) + " bytes of records";

  auto changed = entry(key);
  target_ = known_ = ++version_;
  set(changed, {std::move(value), version_}, false, confidential);
  report(*changed);
  return {};
}

void OwnerRecords::erase(Time now, const std::string& key, const Report& report) {
  if (!find(key)) return;
  auto erased = entry(key);
  target_ = known_ = ++version_;
  set(erased, {{}, version_}, true, false);
  erased->erasedAt = now;
  report(*erased);
}

void OwnerRecords::finishReload() {
  if (!reloading_) return;
  reloading_ = false;
  floor_ = start_ + 1;
  target_ = known_ = ++version_;  // so that the floor becomes known
}

void OwnerRecords::jump(uint64_t above, const Report& report) {
  start_ = version_ = above;
  bool reloaded = !reloading_;
  for (auto it = entries_.begin(); it != entries_.end();) {
    auto entry = it++;
    if (entry->deleted) {
      drop(entry);
      continue;
    }
    count(*entry, false);
    entry->record.version = ++version_;
    count(*entry, true);
    report(*entry);
  }
  target_ = known_ = version_;
  reloading_ = true;
  if (reloaded) finishReload();
}

// ---- from others

OwnerRecords::Taken OwnerRecords::take(Time now, const wire::OwnerDelta& delta,
                                       const StateOptions& options, const Report& report) {
  std::string flaw = flawOf(delta, options);
  if (!flaw.empty()) return {Fit::refused, flaw};
  bool anew = mustStartAnew(delta);
  if (!anew && delta.version() <= version_) return {Fit::known, {}};
  if (delta.base() > (anew ? 0 : version_)) return {Fit::gap, {}};
  std::string broken = brokenLimit(delta, options);
  if (!broken.empty()) return {Fit::refused, broken};

  if (anew) restart();
  uint64_t source = sourceOf(delta);
  if (version_ == 0) {
    target_ = clean_ = source;
  } else {
    target_ = std::max(target_, source);
    // Deletions that this sender had not heard of may have come back with it.
    clean_ = std::min(clean_, source);
  }
  for (const wire::Record& record : delta.records()) {
    if (record.version() > version_) takeRecord(now, record, report);
  }
  version_ = delta.version();
  floor_ = std::max<uint64_t>(floor_, delta.floor());
  purged_ = std::max<uint64_t>(purged_, delta.purged());
  reloading_ = delta.reloading();
  partial_ = version_ < target_;
  if (partial_) return {Fit::taken, {}};
  known_ = version_;
  dropVoid(report);
  return {Fit::taken, {}};
}

void OwnerRecords::restart() {
  for (auto it = entries_.begin(); it != entries_.end();) {
    auto entry = it++;
    if (entry->deleted) {
      drop(entry);
    } else {
      entry->stale = true;
    }
  }
  version_ = known_ = clean_ = floor_ = purged_ = 0;
  partial_ = true;
}

// Whether tombstones are forgotten that we never saw, and no floor stands in for them.
bool OwnerRecords::mustStartAnew(const wire::OwnerDelta& delta) const {
  return version_ > 0 && delta.purged() > clean() && delta.purged() >= delta.floor();
}

// Twice of what an owner may have, since what is about to be dropped still counts.
std::string OwnerRecords::brokenLimit(const wire::OwnerDelta& delta,
                                      const StateOptions& options) const {
  size_t count = live_, bytes = bytes_;
  for (const wire::Record& record : delta.records()) {
    if (record.deleted() || record.version() <= version_) continue;
    const Record* before = find(record.key());
    bytes += record.value().size();
    if (before) {
      bytes -= std::min(bytes, before->value.size());
    } else {
      count++;
      bytes += record.key().size();
    }
  }
  if (count > 2 * options.maxRecords) return "too many records";
  if (bytes > 2 * options.maxBytes) return "too many bytes of records";
  return {};
}

void OwnerRecords::takeRecord(Time now, const wire::Record& record, const Report& report) {
  const Record* before = find(record.key());
  bool same = before && before->version == record.version() && before->value == record.value();
  bool tells = record.deleted() ? before != nullptr : !same;
  auto changed = entry(record.key());
  set(changed, {record.value(), record.version()}, record.deleted(), record.confidential());
  if (record.deleted()) changed->erasedAt = now;
  if (tells) report(*changed);
}

// Stale ones and those below the floor, now that all is there that stands in for them.
void OwnerRecords::dropVoid(const Report& report) {
  while (!entries_.empty()) {
    auto oldest = entries_.begin();
    if (!oldest->stale && oldest->record.version >= floor_) return;
    if (!oldest->deleted) {
      count(*oldest, false);
      oldest->deleted = true;
      report(*oldest);
    }
    drop(oldest);
  }
}

// ---- for others

void OwnerRecords::head(wire::OwnerDelta& delta) const {
  delta.set_version(version_);
  delta.set_source(version_);
  delta.set_floor(floor_);
  delta.set_purged(purged_);
  delta.set_reloading(reloading_);
}

void OwnerRecords::fill(wire::OwnerDelta& delta, uint64_t version, uint64_t clean,
                        size_t bytes) const {
  head(delta);
  bool anew = purged_ >= floor_ && purged_ > std::max(version, clean);
  delta.set_base(anew ? 0 : version);
  size_t used = 0;
  for (auto it = after(delta.base()); it != entries_.end(); ++it) {
    used += wireSize(*it);
    if (used > bytes && delta.records_size() > 0) {
      delta.set_version(std::prev(it)->record.version);
      return;
    }
    write(*it, *delta.add_records());
  }
}

void OwnerRecords::fillNews(wire::OwnerDelta& delta, uint64_t base, size_t bytes) const {
  head(delta);
  delta.set_base(base);
  auto from = entries_.end();
  size_t used = 0;
  while (from != entries_.begin()) {
    auto older = std::prev(from);
    if (older->record.version <= base) break;
    used += wireSize(*older);
    if (used > bytes || older->confidential) {
      // From here on it is complete; after a floor was set even beyond the newest record.
      delta.set_base(from == entries_.end() ? version_ : older->record.version);
      break;
    }
    from = older;
  }
  for (; from != entries_.end(); ++from) write(*from, *delta.add_records());
}

void OwnerRecords::purge(Time before, size_t maxTombstones) {
  size_t tooMany = tombstones() > maxTombstones ? tombstones() - maxTombstones / 2 : 0;
  if (tombstones() == 0) return;
  for (auto it = entries_.begin(); it != entries_.end();) {
    auto entry = it++;
    if (!entry->deleted || (entry->erasedAt > before && tooMany == 0)) continue;
    if (tooMany > 0) tooMany--;
    purged_ = std::max(purged_, entry->record.version);
    drop(entry);
  }
}

// ---- the records themselves

OwnerRecords::Entries::iterator OwnerRecords::entry(std::string_view key) {
  auto found = byKey_.find(key);
  if (found != byKey_.end()) return *found;
  Entry& fresh = entries_.emplace_back();
  fresh.key = key;
  fresh.deleted = true;
  auto it = std::prev(entries_.end());
  byKey_.insert(it);
  return it;
}

void OwnerRecords::set(Entries::iterator entry, Record record, bool deleted, bool confidential) {
  count(*entry, false);
  entry->record = std::move(record);
  entry->deleted = deleted;
  entry->confidential = confidential;
  entry->stale = false;
  count(*entry, true);
  entries_.splice(entries_.end(), entries_, entry);
}

void OwnerRecords::drop(Entries::iterator entry) {
  count(*entry, false);
  byKey_.erase(entry);
  entries_.erase(entry);
}

void OwnerRecords::count(const Entry& entry, bool add) {
  if (entry.deleted) return;
  size_t bytes = entry.key.size() + entry.record.value.size();
  live_ += add ? 1 : -1;
  bytes_ += add ? bytes : -bytes;
  contents_ += add ? digestOf(entry) : -digestOf(entry);
}

OwnerRecords::Entries::const_iterator OwnerRecords::after(uint64_t version) const {
  auto it = entries_.end();
  while (it != entries_.begin() && !std::prev(it)->stale &&
         std::prev(it)->record.version > version) {
    --it;
  }
  return it;
}

}  // namespace cluster
