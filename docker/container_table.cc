#include "docker/container_table.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <unordered_set>

#include "base/json.h"

namespace docker {
namespace {

using base::member;
using base::text;

// More marks than this stand for a change of everything, so that they do not pile up while nobody
// asks for a list.
constexpr size_t maxMarks = 256;
// More containers than this at once are cheaper asked for with the whole list.
constexpr size_t maxAskedSingly = 16;

// Walks through the list and notes, for each object in it, where it and its Status begin and end,
// and the few members that filters look at.
class ListHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, ListHandler> {
 public:
  ListHandler(std::string_view json, const rapidjson::MemoryStream& stream)
      : json_(json), stream_(stream) {}

  bool Default() { return depth_ > 1; }
  bool StartArray() { return depth_++ != 1; }
  bool EndArray(rapidjson::SizeType) {
    depth_--;
    return true;
  }
  bool StartObject() {
    if (depth_++ == 1) {
      begin_ = stream_.Tell();  // the iterative parser calls before it takes a brace
      found.emplace_back();
    }
    return depth_ > 1;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    std::string_view name(text, length);
    if (depth_ == 2) member_ = name;
    if (depth_ == 3) inner_ = name;
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    if (--depth_ == 1) {
      ListedContainer& each = found.back();
      each.json = json_.substr(begin_, stream_.Tell() + 1 - begin_);
      bool whole = each.json.starts_with('{') && each.json.ends_with('}');
      if (!whole || each.id.empty() || each.statusLength == 0) return false;
    }
    return true;
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (depth_ < 2) return false;
    ListedContainer& each = found.back();
    std::string_view value(text, length);
    if (depth_ == 2 && member_ == "Id") each.id = value;
    if (depth_ == 2 && member_ == "State") each.state = value;
    if (depth_ == 2 && member_ == "Status") {
      each.status = value;
      // The text has no escapes, or we could not say where it began.
      each.statusLength = value.size() + 2;
      size_t end = stream_.Tell();
      if (json_.substr(end - 1 - length, length) != value) return false;
      each.statusAt = end - each.statusLength - begin_;
    }
    if (depth_ == 3 && member_ == "Names") each.names.emplace_back(value);
    // No filter finds one with '=' in its key: to the engine a filter's key ends there.
    if (depth_ == 3 && member_ == "Labels" && inner_.find('=') == std::string::npos)
      each.labels.push_back(inner_ + "=" + std::string(value));
    return true;
  }

  std::vector<ListedContainer> found;

 private:
  std::string_view json_;
  const rapidjson::MemoryStream& stream_;
  int depth_ = 0;
  size_t begin_ = 0;
  std::string member_;
  std::string inner_;
};

// In nanoseconds; the list tells seconds.
int64_t createdAsListed(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  const rapidjson::Value* created = member(document, "Created");
  return created && created->IsInt() ? created->GetInt() * int64_t{1'000'000'000} : 0;
}

bool isRunning(const ListedContainer& each) {
  return each.state == "running" || each.state == "paused" || each.state == "restarting";
}

bool hasLabel(const std::vector<std::string>& labels, const std::string& wanted) {
  bool exact = wanted.find('=') != std::string::npos;
  return std::any_of(labels.begin(), labels.end(), [&](const std::string& label) {
    return exact ? label == wanted : std::string_view(label).substr(0, label.find('=')) == wanted;
  });
}

}  // namespace

std::optional<std::vector<ListedContainer>> parseList(std::string_view json) {
  // Not a StringStream: of that the reader makes a copy, and ours would not tell where it is.
  rapidjson::MemoryStream stream(json.data(), json.size());
  ListHandler handler(json, stream);
  rapidjson::Reader reader;
  if (!reader.Parse<rapidjson::kParseIterativeFlag>(stream, handler)) return std::nullopt;
  return std::move(handler.found);
}

std::optional<ContainerTimes> parseInspect(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  const rapidjson::Value* state = member(document, "State");
  if (!state || !state->IsObject()) return std::nullopt;
  ContainerTimes times;
  times.created = parseTime(text(document, "Created"));
  times.started = parseTime(text(*state, "StartedAt"));
  times.finished = parseTime(text(*state, "FinishedAt"));
  const rapidjson::Value* host = member(document, "HostConfig");
  const rapidjson::Value* links = host ? member(*host, "Links") : nullptr;
  times.linked = links && links->IsArray() && !links->Empty();
  return times;
}

void ContainerTable::clear() {
  byId_.clear();
  entries_.clear();
  marks_.clear();
  allFetched_ = allChanged_ = 0;
  allUntil_ = {};
  version_++;
  bytes_ = 0;
  linked_ = unexplained_ = false;
}

const ContainerTable::Entry* ContainerTable::find(std::string_view id) const {
  auto found = byId_.find(id);
  return found == byId_.end() ? nullptr : found->second;
}

// Full id, then name, then a prefix of one id only, as the engine looks objects up.
std::optional<std::string> ContainerTable::resolve(std::string_view object) const {
  std::string named = "/" + std::string(object);
  const Entry* byName = nullptr;
  const Entry* byPrefix = nullptr;
  int prefixed = 0;
  for (const Entry& entry : entries_) {
    const ListedContainer& each = entry.listed;
    if (each.id == object) return each.id;
    if (std::find(each.names.begin(), each.names.end(), named) != each.names.end()) byName = &entry;
    if (!object.empty() && each.id.starts_with(object)) {
      byPrefix = &entry;
      prefixed++;
    }
  }
  if (byName) return byName->listed.id;
  if (prefixed == 1) return byPrefix->listed.id;
  return std::nullopt;
}

void ContainerTable::changed(std::string_view object, Tick tick, base::Time until) {
  std::optional<std::string> known = resolve(object);
  bool fullId =
      object.size() == 64 && object.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if ((!known && !fullId) || marks_.size() >= maxMarks) {
    allChanged(tick, until);
    return;
  }
  Mark& mark = marks_[known ? *known : std::string(object)];
  mark.changed = tick;
  mark.until = std::max(mark.until, until);
}

void ContainerTable::allChanged(Tick tick, base::Time until) {
  allChanged_ = tick;
  allUntil_ = std::max(allUntil_, until);
  if (marks_.size() < maxMarks) return;
  for (const auto& [id, mark] : marks_) allUntil_ = std::max(allUntil_, mark.until);
  marks_.clear();
}

void ContainerTable::namesChanged(std::string_view id, Tick tick, base::Time until) {
  changed(id, tick, until);
  if (linked_) allChanged(tick, until);
}

ContainerTable::Need ContainerTable::need(Tick question, base::Time now) const {
  Need need;
  need.all = allFetched_ == 0 ||
             (allFetched_ < question && (allFetched_ < allChanged_ || now < allUntil_));
  for (const auto& [id, mark] : marks_) {
    const Entry* entry = find(id);
    // Of one that is not listed, the mark itself remembers when it was asked for.
    Tick fetched = std::max(mark.fetched, entry ? entry->fetched : 0);
    if (fetched < question && (fetched < mark.changed || now < mark.until)) need.ids.push_back(id);
  }
  for (const Entry& entry : entries_) {
    if (!unexplained_) break;
    if (!entry.status && entry.fetched < question && !marks_.contains(entry.listed.id))
      need.ids.push_back(entry.listed.id);
  }
  if (need.ids.size() > maxAskedSingly) need.all = true;
  if (need.all) need.ids.clear();
  return need;
}

// Those of whom we do not know, or no longer, when they were created, started and finished.
std::vector<std::string> ContainerTable::toInspect(const Fresh& fresh) const {
  std::vector<std::string> ids;
  for (const ListedContainer& listed : fresh.listed) {
    const Entry* entry = find(listed.id);
    auto mark = marks_.find(listed.id);
    bool touched = entry && mark != marks_.end() &&
                   (mark->second.changed > entry->fetched || fresh.now < mark->second.until);
    bool explained = entry && !touched && entry->listed.state == listed.state && entry->status &&
                     decodeStatus(listed.status, entry->times.started, entry->times.finished,
                                  fresh.asked, fresh.answered);
    if (!explained) ids.push_back(listed.id);
  }
  return ids;
}

void ContainerTable::take(Fresh fresh) {
  std::unordered_set<std::string_view> asked(fresh.need.ids.begin(), fresh.need.ids.end());
  auto answered = [&](const std::string& id) { return fresh.need.all || asked.contains(id); };

  std::vector<Entry> made;
  made.reserve(fresh.listed.size());
  for (ListedContainer& listed : fresh.listed) {
    Entry entry;
    const Entry* before = find(listed.id);
    auto inspected = fresh.times.find(listed.id);
    bool isWithheld = fresh.withheld.contains(listed.id);
    if (inspected != fresh.times.end()) {
      entry.times = inspected->second;
    } else if (before) {
      entry.times = before->times;
    } else {
      // Withheld, or being removed: then it is listed, with no name any more, and cannot be
      // inspected.
      isWithheld = true;
      entry.times.created = createdAsListed(listed.json);
    }
    // Links give names to others when they come, and take them away when they go.
    if (entry.times.linked && !before && !fresh.need.all) allChanged_ = fresh.tick + 1;
    // Times of before may explain it by chance.
    if (!isWithheld) {
      entry.status = decodeStatus(listed.status, entry.times.started, entry.times.finished,
                                  fresh.asked, fresh.answered);
    }
    entry.fetched = fresh.tick;
    entry.listed = std::move(listed);
    made.push_back(std::move(entry));
  }

  std::vector<Entry> kept;
  for (Entry& each : entries_) {
    if (!answered(each.listed.id)) kept.push_back(std::move(each));
  }
  // Of a whole answer the engine's order is kept; else the newest come first, as it has them.
  byId_.clear();
  entries_ = std::move(kept);
  bool ordered = entries_.empty();
  for (Entry& each : made) {
    auto older = [&](const Entry& other) { return other.times.created < each.times.created; };
    auto at = ordered ? entries_.end() : std::find_if(entries_.begin(), entries_.end(), older);
    entries_.insert(at, std::move(each));
  }

  if (fresh.need.all) allFetched_ = fresh.tick;
  version_++;
  bytes_ = 0;
  linked_ = false;
  unexplained_ = false;
  for (const Entry& each : entries_) {
    byId_.emplace(each.listed.id, &each);
    bytes_ += each.listed.json.size();
    unexplained_ = unexplained_ || !each.status;
    linked_ = linked_ || each.times.linked || each.listed.names.size() > 1;
  }
  for (auto& [id, mark] : marks_) {
    if (answered(id)) mark.fetched = fresh.tick;
  }
  std::erase_if(marks_, [&](const auto& each) {
    const Mark& mark = each.second;
    return mark.changed < mark.fetched && mark.until <= fresh.now;
  });
}

bool ContainerTable::matches(const Entry& entry, const ListQuery& query) {
  const ListedContainer& each = entry.listed;
  if (!isRunning(each) && !query.all && query.limit == 0) return false;
  if (!query.states.empty() &&
      std::find(query.states.begin(), query.states.end(), each.state) == query.states.end())
    return false;
  for (const std::string& label : query.labels) {
    if (!hasLabel(each.labels, label)) return false;
  }
  if (query.names.empty()) return true;
  for (const std::string& part : query.names) {
    for (const std::string& name : each.names) {
      bool own = name.find('/', 1) == std::string::npos;  // and not an alias for others
      if (own && name.find(part) != std::string::npos) return true;
    }
  }
  return false;
}

ContainerTable::Rendering ContainerTable::render(const ListQuery& query, int64_t now,
                                                 bool withTimes) const {
  Rendering made;
  made.sameUntil = INT64_MAX;
  std::string& out = made.body;
  out.reserve(bytes_ + entries_.size() * 8 + 8);
  out.push_back('[');
  int shown = 0;
  for (const Entry& entry : entries_) {
    if (query.limit > 0 && shown == query.limit) break;
    if (!matches(entry, query)) continue;
    if (shown++ > 0) out.push_back(',');
    const ListedContainer& each = entry.listed;
    out.append(each.json, 0, each.statusAt);
    out.push_back('"');
    out.append(entry.status ? entry.status->at(now) : each.status);
    if (entry.status) made.sameUntil = std::min(made.sameUntil, entry.status->sameUntil(now));
    out.push_back('"');
    out.append(each.json, each.statusAt + each.statusLength);
    if (withTimes) out.append(",").append(std::to_string(entry.times.created));
  }
  out.append("]\n");
  return made;
}

std::vector<ContainerTable::Plain> ContainerTable::plain() const {
  std::vector<Plain> all;
  for (const Entry& entry : entries_) {
    const ListedContainer& each = entry.listed;
    std::string json = each.json.substr(0, each.statusAt) + "\"\"";
    json.append(each.json, each.statusAt + each.statusLength);
    all.push_back({each.id, std::move(json), isRunning(each), each.state == "dead"});
  }
  return all;
}

}  // namespace docker
