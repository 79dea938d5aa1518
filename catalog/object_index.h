#pragma once

// Which nodes hold which networks, volumes and images, as their records tell. It says where to ask
// first; what is true the engines say. Pure.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/record_feed.h"
#include "catalog/tag_index.h"
#include "cluster/types.h"
#include "docker/object_kind.h"

namespace catalog {

class ObjectIndex {
 public:
  // Knows from now on what the feed tells of networks, volumes, images and tags. Must outlive the
  // feed, or the feed be closed before.
  void follow(RecordFeed& feed);

  // What the tags of images mean.
  const TagIndex& tags() const { return tags_; }

  // The nodes whose engine would find such an object: by id, by name, or by the prefix of an id
  // that only one object has. Of images, a name without a tag is that of "latest".
  std::vector<cluster::NodeId> holders(docker::ObjectKind kind, std::string_view object) const;

  // The ids of all that have this name on some node; if there are none, of the one whose id begins
  // so. Volumes have no ids.
  std::vector<std::string> named(docker::ObjectKind kind, std::string_view name) const;

  // Those that several nodes hold.
  std::map<std::string, std::vector<cluster::NodeId>> shared(docker::ObjectKind kind) const;

  // How many different ones these nodes hold together.
  size_t distinct(docker::ObjectKind kind, const std::set<cluster::NodeId>& nodes) const;

 private:
  // By node, the names that the object has there.
  using Holders = std::map<cluster::NodeId, std::vector<std::string>>;
  using Object = std::pair<const std::string, Holders>;  // id
  struct Kept {
    std::map<std::string, Holders, std::less<>> objects;
    std::multimap<std::string, const Object*, std::less<>> names;
  };

  void put(docker::ObjectKind kind, const cluster::NodeId& owner, const std::string& id,
           std::vector<std::string> names);
  void erase(docker::ObjectKind kind, const cluster::NodeId& owner, const std::string& id);
  void clear();
  // The only one whose id begins so.
  const Object* byId(docker::ObjectKind kind, std::string_view begin) const;
  static void dropNames(Kept& kept, const Object& object, const std::vector<std::string>& names);
  Kept& of(docker::ObjectKind kind) { return kept_[static_cast<size_t>(kind)]; }
  const Kept& of(docker::ObjectKind kind) const { return kept_[static_cast<size_t>(kind)]; }

  Kept kept_[docker::allHeld.size()];
  TagIndex tags_;
};

}  // namespace catalog
