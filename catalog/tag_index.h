#pragma once

// What the tags of images mean. On one engine a tag is one image; here each engine has its own
// tags, and one that was moved on one of them still names the former image on the others. So a node
// whose engine gives a name to another image tells all nodes, in a record tag/<name>:
//
//   {"image":"sha256:9a1f...","serial":7,"writer":"<id of the node that told it>"}
//
// What was told last counts: the highest serial, and of equal ones the highest id of a node. A
// serial is one more than the highest that its writer knew of (Lamport, "Time, Clocks, and the
// Ordering of Events in a Distributed System", 1978). Every node that has such a name, be it for
// the former image, repeats what was told, so that it outlives the node that told it.
//
// Of a name that was never told about (no engine has moved it since its node is in the cluster) the
// newest image that a node has under it counts.
//
// What images a node has under which names is in its records of images (image_record.h). Pure.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/image_record.h"
#include "catalog/record_kind.h"
#include "catalog/record_text.h"
#include "cluster/types.h"

namespace catalog {

constexpr std::string_view tagRecords = "tag/";

struct TagMeaning {
  std::string image;  // its id
  uint64_t serial = 0;
  cluster::NodeId writer;
};

std::string tagRecord(const TagMeaning& meaning);
// Nothing for what is no such record.
std::optional<TagMeaning> parseTagRecord(std::string_view value);
inline constexpr RecordKind<TagMeaning> tagKind{tagRecords,
                                                decodeNamed<TagMeaning, parseTagRecord>};

// The images of an engine by their tags.
using Tags = std::map<std::string, std::string, std::less<>>;

// Of its image records.
Tags tagsIn(const Records& imageRecords);

class TagIndex {
 public:
  // What a node tells of a tag.
  void put(const cluster::NodeId& owner, const std::string& tag, const TagMeaning& meaning);
  void erase(const cluster::NodeId& owner, std::string_view tag);
  // An image that a node has.
  void putImage(const cluster::NodeId& owner, const std::string& image, const ImageFacts& facts);
  void eraseImage(const cluster::NodeId& owner, const std::string& image);
  void clear();

  // Names are taken in any form that engines take (image_reference.h).

  // What was told last of a name.
  std::optional<TagMeaning> told(std::string_view name) const;
  // The image that a name means; empty if no node has the name, or it is none of a tag. What was
  // never told is decided among the nodes for which `counts` holds: those that are up.
  using Counts = std::function<bool(const cluster::NodeId& node)>;
  std::string meaning(std::string_view name, const Counts& counts) const;
  // The image that this node has under the name, by its records; empty: none.
  std::string imageOn(const cluster::NodeId& node, std::string_view name) const;
  // Whether it may mean another image than some node has under it: a quick look.
  bool isDisputed(std::string_view name) const;
  // The names of a repository, as "web:1", that some node has.
  std::vector<std::string> namesIn(std::string_view repository) const;
  // The nodes that have this image under this name.
  std::set<cluster::NodeId> holders(std::string_view name, std::string_view image) const;

 private:
  struct Held {
    std::string image;
    uint64_t created = 0;  // seconds since 1970
  };
  struct Name {
    std::map<cluster::NodeId, TagMeaning> told;
    std::map<cluster::NodeId, Held> held;
  };
  const Name* find(std::string_view name) const;
  void dropIfEmpty(std::string_view name);

  std::map<std::string, Name, std::less<>> names_;
  // By owner and image, the names in its record.
  std::map<std::pair<cluster::NodeId, std::string>, std::set<std::string>> recorded_;
};

// Whether our engine got this image under this name from another node, which is no news.
using IsFetched = std::function<bool(const std::string& name, const std::string& image)>;

// What our node is to tell of the tags that its engine has `now`, by name. `before`: those of the
// last reading; nothing at the first one, of which nobody knows what moved before.
Records tagsToTell(const TagIndex& index, const cluster::NodeId& self,
                   const std::optional<Tags>& before, const Tags& now, const IsFetched& isFetched);

}  // namespace catalog
