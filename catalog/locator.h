#pragma once

// The node that has an object: by the records of containers and by what passed here; of networks,
// volumes and images by the word of an engine, where records tell whom to ask first. Where these do
// not tell, or no longer, all nodes are asked.
//
// A node that does not answer, or whose engine does not, says neither yes nor no. That it does not
// have an object is believed of its records alone, once they have told of all that its engine has:
// what they do not name it did not have when it fell silent, and nothing can come to be there
// since. Else the answer is 503 with its name, as it is for a node that is down and has the object
// by its records. Images are the exception: another copy does as well, so that of one that nobody
// else has a client must learn that it is to be pulled.
//
// A tag is the image that it means (tag_index.h), which not every node has under it: only where
// another one could be taken for it is one that cannot be reached waited for.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/fan_out.h"
#include "catalog/object_index.h"
#include "cluster/nodes.h"
#include "docker/engine.h"

namespace catalog {

enum class Kind { container, exec, network, volume, image };

struct Located {
  std::optional<cluster::Node> node;
  // Without a node: what the client gets. Docker's own words where an engine said them.
  int status = 404;
  std::string body;
};

// The node with this name or id; names are compared as they are written.
std::optional<cluster::Node> nodeCalled(const cluster::Nodes& nodes, std::string_view nameOrId);

class Locator {
 public:
  // All must outlive it.
  Locator(docker::Engine& engine, const cluster::Nodes& nodes, const ContainerIndex& index,
          const ObjectIndex& objects)
      : engine_(engine), nodes_(nodes), index_(index), objects_(objects) {}

  // `object` as it stands in a path: not decoded.
  base::Task<Located> find(Kind kind, std::string object);
  // All nodes that have this image, for what has to be done on each: everyone is asked, since a
  // record may not have come yet.
  struct Images {
    std::vector<cluster::Node> users;    // those with a container of it
    std::vector<cluster::Node> holders;  // the others
    std::vector<cluster::Node> stale;    // those that have another image under this name
    // One has it by its records, or may have it, and could not be asked: why, with its name.
    std::string fault;
  };
  base::Task<Images> findImages(std::string object);

  struct Holders {
    std::vector<cluster::Node> up;  // at least one, if there is any
    // One that has it by its records and could not be asked; if there is none up, also one that
    // could not be asked and may have it.
    std::optional<cluster::Node> down;
    // Then: why not, with its name. Of an image only if others have an earlier one of its name.
    std::string fault;
  };
  // Nodes that have it by the word of their engines. Those that have it by their records are asked,
  // and we ourselves; if none of these has it any more, the others.
  base::Task<Holders> holders(Kind kind, std::string object);

  // An exec was made on this node. The last few thousand are remembered.
  void execMade(const std::string& id, const cluster::NodeId& node);

  std::optional<cluster::Node> node(const cluster::NodeId& id) const;

  // The id of the image that this name means, whichever our engine has under it; empty if nobody
  // knows, or it is no tag's name.
  std::string meaning(std::string_view image) const;
  // A tag of this repository that only nodes have which are not among these, that answered: where
  // it is, and what to do. Nothing if there is none.
  std::optional<std::string> faultOfTags(const std::string& repository,
                                         const std::set<cluster::NodeId>& answered) const;
  // Whether this name means another image than this one, which that node's engine has under it.
  bool isStale(const cluster::NodeId& node, std::string_view name, std::string_view image) const;
  // The ids of images that are known by this name, a tag or a digest, on any node: by the records,
  // and if these do not tell, by the word of an engine.
  base::Task<std::vector<std::string>> imageIds(std::string image);
  // The ids of the image that this name or id means, as far as records tell: also of what only
  // nodes have that are down.
  std::vector<std::string> recordedImages(const std::string& image) const;
  // Whether our engine has another image under this name than the one that it means.
  base::Task<bool> isStaleHere(std::string image);

 private:
  // What the engines of these nodes say of it. One that has another image under a tag than the tag
  // means says that it does not have it.
  struct Said {
    std::vector<NodeReply> replies;
    std::vector<cluster::Node> stale;
  };
  base::Task<Said> inspectOn(std::vector<cluster::Node> nodes, Kind kind, std::string object);
  bool hasContainerOf(const cluster::NodeId& node, std::string_view imageId) const;
  std::optional<std::string> faultOfMeaning(const std::string& name) const;
  base::Task<Located> ask(Kind kind, std::string object);
  std::set<cluster::NodeId> recorded(Kind kind, const std::string& object) const;

  docker::Engine& engine_;
  const cluster::Nodes& nodes_;
  const ContainerIndex& index_;
  const ObjectIndex& objects_;
  std::map<std::string, cluster::NodeId> execs_;
  std::deque<std::string> execOrder_;
};

}  // namespace catalog
