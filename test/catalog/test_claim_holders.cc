// Who holds the names of containers and volumes, by the records of all nodes.

#include "catalog/claim_holders.h"

#include <criterion/criterion.h>

#include <map>
#include <string>
#include <utility>

using namespace catalog;

namespace {

cluster::NodeId node(char letter) {
  return *cluster::NodeId::parse(std::string(cluster::NodeId::length, letter));
}

// Records as a cluster has them, fed to who follows.
class Published : public cluster::Records {
 public:
  void put(const std::string& key, std::string value, bool) override {
    put(node('a'), key, {std::move(value), 1});
  }
  void erase(const std::string& key) override { erase(node('a'), key); }
  const cluster::Record* find(const cluster::NodeId& owner, const std::string& key) const override {
    auto found = records_.find({owner, key});
    return found == records_.end() ? nullptr : &found->second;
  }
  void eachOf(const cluster::NodeId&, std::string_view, const Take&) const override {}
  void eachOfOurs(std::string_view, const Take&) const override {}

  void put(const cluster::NodeId& owner, const std::string& key, const cluster::Record& record) {
    records_[{owner, key}] = record;
    feed.recordChanged(owner, key, record);
  }
  void erase(const cluster::NodeId& owner, const std::string& key) {
    records_.erase({owner, key});
    feed.recordErased(owner, key);
  }

  RecordFeed feed;

 private:
  std::map<std::pair<cluster::NodeId, std::string>, cluster::Record> records_;
};

struct Known {
  Known() {
    index.follow(records.feed);
    objects.follow(records.feed);
  }
  // "holder by owner's letter @version"; empty if nobody holds it.
  std::string holder(const std::string& claim) const {
    std::optional<cluster::Holding> found = holders.find(claim);
    if (!found) return "";
    return found->holder + " by " + found->owner.text()[0] + " @" + std::to_string(found->version);
  }
  void container(char at, const std::string& id, const std::string& name, uint64_t version) {
    records.put(node(at), "container/" + id,
                {R"({"Id":")" + id + R"(","Names":["/)" + name + R"("]})", version});
  }

  Published records;
  ContainerIndex index;
  ObjectIndex objects;
  ClaimHolders holders{index, objects, records};
};

}  // namespace

Test(claim_holders, a_container_holds_its_name_while_there_is_a_record_of_it) {
  Known known;
  cr_expect_eq(known.holder("name/web"), "");
  known.container('b', "c1", "web", 7);
  cr_expect_eq(known.holder("name/web"), "c1 by b @7");
  cr_expect_eq(known.holder("name/c1"), "", "an id is no name");
  known.container('b', "c1", "db", 8);
  cr_expect_eq(known.holder("name/web"), "");
  cr_expect_eq(known.holder("name/db"), "c1 by b @8");
  known.records.erase(node('b'), "container/c1");
  cr_expect_eq(known.holder("name/db"), "");
}

Test(claim_holders, one_that_is_only_expected_holds_nothing_by_itself) {
  Known known;
  known.index.expect(node('b'), "c1", "web");
  cr_expect_eq(known.holder("name/web"), "");
  known.container('c', "c2", "web", 3);
  cr_expect_eq(known.holder("name/web"), "c2 by c @3");
}

Test(claim_holders, a_node_holds_the_names_of_its_volumes) {
  Known known;
  known.records.put(node('b'), "volume/data", {"{}", 4});
  cr_expect_eq(known.holder("volume/data"), std::string(node('b').text()) + " by b @4");
  cr_expect_eq(known.holder("volume/dat"), "");
  cr_expect_eq(known.holder("name/data"), "");
  known.records.erase(node('b'), "volume/data");
  cr_expect_eq(known.holder("volume/data"), "");
}

Test(claim_holders, other_claims_are_not_known_here) {
  Known known;
  known.container('b', "c1", "web", 7);
  known.records.put(node('b'), "network/web", {R"({"Name":"web"})", 4});
  for (const char* claim : {"", "name", "web", "network/web", "container/c1"})
    cr_expect_eq(known.holder(claim), "", "%s", claim);
}
