#pragma once

// What is asked about images of all hosts: each may be on any of them, or on several.

#include <span>
#include <string>
#include <vector>

#include "base/task.h"
#include "catalog/locator.h"
#include "catalog/stale_tags.h"
#include "cluster/nodes.h"
#include "docker/container_lists.h"
#include "docker/engine.h"
#include "docker/filtered_query.h"
#include "orchestrator/image_transfer.h"
#include "proxy/api/local_api.h"
#include "proxy/http/client.h"
#include "proxy/http/routes.h"
#include "proxy/merge/image_window.h"

namespace proxy {

class ImageCalls {
 public:
  // All must outlive it. Bodies that have to be understood may have `bodyMost` bytes.
  ImageCalls(docker::Engine& engine, LocalApi& local, docker::ContainerLists& lists,
             const cluster::Nodes& nodes, catalog::Locator& locator,
             orchestrator::ImageTransfer& transfer, size_t bodyMost)
      : engine_(engine),
        local_(local),
        lists_(lists),
        nodes_(nodes),
        locator_(locator),
        transfer_(transfer),
        bodyMost_(bodyMost) {}

  // Whether a list is cut at an image, by `before` or `since`; then cutList() is to answer it.
  static bool isCut(const docker::FilteredQuery& query);
  // GET /images/json
  base::Task<> cutList(Client& client, RouteMatch match, docker::FilteredQuery query);
  // The lists of several nodes as one, in which each tag is at the image that it means. `byName`:
  // they were asked for by their names.
  std::string merge(std::vector<catalog::NodeAnswer> answers, bool byName) const;
  // POST /images/{name}/tag: wherever it is. Who is away learns what the new name means when it is
  // back (tag_index.h).
  base::Task<> tag(Client& client, RouteMatch match);
  // DELETE /images/{name}: wherever it is, or nowhere: not if one who may have it cannot be asked,
  // which would bring it back, nor if the engine of a container of it refuses.
  base::Task<> remove(Client& client, RouteMatch match);
  // GET /images/get and /images/{name}/get: what is not here is brought here first.
  base::Task<> save(Client& client, RouteMatch match);
  // POST /images/{name}/push without a tag: all tags, which are brought to one node first.
  base::Task<> pushAll(Client& client, RouteMatch match, std::string repository);

 private:
  struct Anchor {
    std::optional<int64_t> created;
    catalog::Located located;  // why there is none
  };
  base::Task<Anchor> anchor(std::string image);
  base::Task<std::map<std::string, int64_t>> momentsOf(std::vector<std::string> ids,
                                                       cluster::Node node);
  catalog::IsStaleTag staleness() const;
  struct Gathered {
    std::optional<cluster::Node> at;  // nothing: nobody has such a tag
    std::string fault;                // some cannot be had; then nothing was brought anywhere
  };
  base::Task<Gathered> gather(std::string repository, bool here);
  base::Task<std::string> bringHere(std::string image);
  base::HttpCall changeCall(const Client& client, const RouteMatch& match) const;
  base::Task<> sendTo(Client& client, RouteMatch match, cluster::Node node);

  docker::Engine& engine_;
  LocalApi& local_;
  docker::ContainerLists& lists_;
  const cluster::Nodes& nodes_;
  catalog::Locator& locator_;
  orchestrator::ImageTransfer& transfer_;
  size_t bodyMost_;
};

}  // namespace proxy
