#include "catalog/tag_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "docker/image_reference.h"

namespace catalog {
namespace {

// Far more often than this nobody moves a tag; what tells of more is not believed.
constexpr uint64_t maxSerial = uint64_t(1) << 48;

}  // namespace

std::string tagRecord(const TagMeaning& meaning) {
  base::JsonWriter json;
  json.object().member("image", meaning.image).member("serial", meaning.serial);
  json.member("writer", meaning.writer.text()).endObject();
  return json.text();
}

std::optional<TagMeaning> parseTagRecord(std::string_view value) {
  if (value.size() > maxObjectRecord) return std::nullopt;
  const rapidjson::Document json = base::parseJson(value);
  TagMeaning meaning;
  meaning.image = base::text(json, "image");
  meaning.serial = base::number(json, "serial");
  std::optional<cluster::NodeId> writer = cluster::NodeId::parse(base::text(json, "writer"));
  if (meaning.image.empty() || meaning.serial == 0 || meaning.serial > maxSerial || !writer)
    return std::nullopt;
  meaning.writer = *writer;
  return meaning;
}

Tags tagsIn(const Records& imageRecords) {
  Tags tags;
  for (const auto& [image, record] : imageRecords) {
    std::optional<ImageFacts> facts = imageFacts(record);
    for (size_t i = 0; facts && i < facts->tags; i++) tags[std::move(facts->names[i])] = image;
  }
  return tags;
}

void TagIndex::put(const cluster::NodeId& owner, const std::string& tag,
                   const TagMeaning& meaning) {
  names_[tag].told[owner] = meaning;
}

void TagIndex::erase(const cluster::NodeId& owner, std::string_view tag) {
  auto found = names_.find(tag);
  if (found == names_.end()) return;
  found->second.told.erase(owner);
  dropIfEmpty(found->first);
}

void TagIndex::putImage(const cluster::NodeId& owner, const std::string& image,
                        const ImageFacts& facts) {
  eraseImage(owner, image);
  if (facts.tags == 0) return;
  std::set<std::string>& recorded = recorded_[{owner, image}];
  for (size_t i = 0; i < facts.tags; i++) {
    names_[facts.names[i]].held[owner] = {image, facts.created};
    recorded.insert(facts.names[i]);
  }
}

void TagIndex::eraseImage(const cluster::NodeId& owner, const std::string& image) {
  auto recorded = recorded_.find({owner, image});
  if (recorded == recorded_.end()) return;
  for (const std::string& tag : recorded->second) {
    auto name = names_.find(tag);
    if (name == names_.end()) continue;
    auto held = name->second.held.find(owner);
    // The record of the image that has the name now may have come first.
    if (held == name->second.held.end() || held->second.image != image) continue;
    name->second.held.erase(held);
    dropIfEmpty(tag);
  }
  recorded_.erase(recorded);
}

void TagIndex::dropIfEmpty(std::string_view name) {
  auto found = names_.find(name);
  if (found != names_.end() && found->second.told.empty() && found->second.held.empty())
    names_.erase(found);
}

void TagIndex::clear() {
  names_.clear();
  recorded_.clear();
}

const TagIndex::Name* TagIndex::find(std::string_view name) const {
  auto found = names_.find(docker::listedImageName(name));
  return found == names_.end() ? nullptr : &found->second;
}

std::optional<TagMeaning> TagIndex::told(std::string_view name) const {
  const Name* known = find(name);
  if (!known) return std::nullopt;
  std::optional<TagMeaning> last;
  for (const auto& [owner, each] : known->told) {
    if (!last || std::tie(each.serial, each.writer) > std::tie(last->serial, last->writer))
      last = each;
  }
  return last;
}

std::string TagIndex::meaning(std::string_view name, const Counts& counts) const {
  const Name* known = find(name);
  if (!known) return {};
  if (std::optional<TagMeaning> last = told(name)) return last->image;
  const Held* newest = nullptr;
  for (const auto& [owner, each] : known->held) {
    if (!counts(owner)) continue;
    if (!newest || std::tie(each.created, each.image) > std::tie(newest->created, newest->image))
      newest = &each;
  }
  return newest ? newest->image : std::string();
}

std::string TagIndex::imageOn(const cluster::NodeId& node, std::string_view name) const {
  const Name* known = find(name);
  if (!known) return {};
  auto held = known->held.find(node);
  return held == known->held.end() ? std::string() : held->second.image;
}

bool TagIndex::isDisputed(std::string_view name) const {
  const Name* known = find(name);
  if (!known || known->held.empty()) return false;
  const std::string& one = known->held.begin()->second.image;
  auto differs = [&](const auto& each) { return each.second.image != one; };
  return std::any_of(known->held.begin(), known->held.end(), differs) ||
         (!known->told.empty() && told(name)->image != one);
}

std::vector<std::string> TagIndex::namesIn(std::string_view repository) const {
  std::vector<std::string> names;
  std::string prefix = std::string(repository) + ":";
  for (auto each = names_.lower_bound(prefix); each != names_.end(); ++each) {
    if (!each->first.starts_with(prefix)) break;
    bool isTag = each->first.find('/', prefix.size()) == std::string::npos;
    if (isTag && !each->second.held.empty()) names.push_back(each->first);
  }
  return names;
}

std::set<cluster::NodeId> TagIndex::holders(std::string_view name, std::string_view image) const {
  std::set<cluster::NodeId> nodes;
  const Name* known = find(name);
  if (!known) return nodes;
  for (const auto& [owner, each] : known->held) {
    if (each.image == image) nodes.insert(owner);
  }
  return nodes;
}

Records tagsToTell(const TagIndex& index, const cluster::NodeId& self,
                   const std::optional<Tags>& before, const Tags& now, const IsFetched& isFetched) {
  Records records;
  for (const auto& [name, image] : now) {
    if (name.size() > maxRecordName) continue;
    std::optional<TagMeaning> told = index.told(name);
    bool moved = false;
    if (before) {
      auto former = before->find(name);
      moved = former == before->end() || former->second != image;
    }
    if (moved && !isFetched(name, image) && (!told || told->image != image)) {
      uint64_t serial = told ? told->serial + 1 : 1;
      records[name] = tagRecord({image, serial, self});
    } else if (told) {
      records[name] = tagRecord(*told);
    }
  }
  return records;
}

}  // namespace catalog
