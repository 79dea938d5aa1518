// Looking containers up as dockerd does, over those of all nodes.

#include "catalog/container_index.h"

#include <criterion/criterion.h>

#include <string>

#include "test/container_records.h"

using catalog::ContainerIndex;

namespace {

cluster::NodeId node(char letter) {
  return *cluster::NodeId::parse(std::string(cluster::NodeId::length, letter));
}

std::string idOf(const std::string& start) {
  return start + std::string(64 - start.size(), '0');
}

std::string listed(const std::string& id, const std::string& names, int64_t created = 7) {
  return "{\"Id\":\"" + id + "\",\"Names\":[" + names + "],\"Created\":" + std::to_string(created) +
         "}";
}

// The id's first characters of what is found, "?" for nothing, "several" for too much.
std::string found(const ContainerIndex& index, const std::string& object) {
  ContainerIndex::Found result = index.find(object);
  if (result.ambiguous) return result.entry ? "both" : "several";
  return result.entry ? result.entry->first.substr(0, 4) : "?";
}

}  // namespace

Test(container_index, ids_come_before_names_and_names_before_prefixes) {
  ContainerIndex index;
  const std::string whole = idOf("aaaa");
  cr_assert(test::putRecord(index, node('a'), whole, listed(whole, "\"/web\""), 1));
  cr_assert(test::putRecord(index, node('b'), idOf("bbb1"),
                            listed(idOf("bbb1"), "\"/" + whole + "\""), 1));
  cr_assert(test::putRecord(index, node('b'), idOf("bbb2"), listed(idOf("bbb2"), "\"/aaa\""), 1));
  const std::pair<std::string, std::string> cases[] = {
      {whole, "aaaa"},  // an id, though it is a name of another one, too
      {"web", "aaaa"},
      {"/web", "aaaa"},
      {"aaa", "bbb2"},  // a name, though it is the prefix of an id, too
      {"aa", "aaaa"},
      {"/aa", "aaaa"},
      {"bbb1", "bbb1"},
      {"bbb", "several"},
      {"b", "several"},
      {"c", "?"},
      {"aab", "?"},
      {"we", "?"},
      {"WEB", "?"},
      {"", "?"},
      {"/", "?"},
      {whole + "0", "?"},
      {std::string(64, 'f'), "?"},
  };
  for (const auto& [object, expected] : cases)
    cr_expect_eq(found(index, object), expected, "%s: %s", object.c_str(),
                 found(index, object).c_str());
}

Test(container_index, names_of_links_lead_to_a_container_and_are_not_its_own) {
  ContainerIndex index;
  const std::string id = idOf("a");
  cr_assert(
      test::putRecord(index, node('a'), id, listed(id, R"("/web","/other/alias","odd","/")"), 1));
  cr_expect_eq(found(index, "web"), "a000");
  for (const char* name : {"other/alias", "/other/alias"})
    cr_expect_eq(found(index, name), "a000", "%s", name);
  for (const char* name : {"alias", "other", "odd", "other/"})
    cr_expect_eq(found(index, name), "?", "%s", name);
  cr_expect(index.named("other/alias").empty());
  cr_assert(test::putRecord(index, node('a'), id, listed(id, R"("/web")"), 2));
  cr_expect_eq(found(index, "other/alias"), "?", "the link was removed");
}

Test(container_index, what_is_no_entry_of_that_container_changes_nothing) {
  ContainerIndex index;
  const std::string id = idOf("a");
  for (const std::string& wrong :
       {std::string(), std::string("null"), std::string("[]"), std::string("{"),
        std::string("{\"Id\":5}"), listed(idOf("b"), "\"/web\"")}) {
    cr_expect_not(test::putRecord(index, node('a'), id, wrong, 1), "%s", wrong.c_str());
  }
  cr_expect_eq(index.size(), 0);
  cr_expect_eq(index.of(node('a')).size(), 0);
  // Members of other types are as good as none.
  cr_expect(test::putRecord(index, node('a'), id,
                            "{\"Id\":\"" + id + "\",\"Names\":7,\"Created\":\"x\"}", 1));
  cr_expect_eq(index.find(id).entry->second.created, 0);
}

Test(container_index, an_entry_replaces_what_was_known_of_its_container) {
  ContainerIndex index;
  const std::string id = idOf("a");
  test::putRecord(index, node('a'), id, listed(id, "\"/old\"", 5), 1);
  test::putRecord(index, node('a'), id, listed(id, "\"/new\"", 6), 2);
  cr_expect_eq(found(index, "old"), "?");
  cr_expect_eq(found(index, "new"), "a000");
  cr_expect_eq(index.find("new").entry->second.version, 2);
  cr_expect_eq(index.find("new").entry->second.created, 6);
  cr_expect_eq(index.of(node('a')).size(), 1);

  test::putRecord(index, node('b'), id, listed(id, "\"/new\""), 3);  // it was moved
  cr_expect_eq(index.of(node('a')).size(), 0);
  cr_expect_eq(index.of(node('b')).size(), 1);
  cr_expect_eq(index.named("new").size(), 1);
  index.erase(node('a'), id);
  cr_expect_eq(found(index, "new"), "a000", "only its owner's word ends it");
  index.erase(node('b'), id);
  index.erase(node('b'), id);
  cr_expect_eq(found(index, "new"), "?");
  cr_expect_eq(index.size(), 0);
  cr_expect_eq(index.of(node('b')).size(), 0);
}

Test(container_index, a_name_may_be_that_of_several) {
  ContainerIndex index;
  for (const char* start : {"a", "b", "c"}) {
    const std::string id = idOf(start);
    test::putRecord(index, node('a'), id, listed(id, "\"/web\",\"/" + std::string(start) + "x\""),
                    1);
  }
  cr_expect_eq(index.named("web").size(), 3);
  index.erase(node('a'), idOf("b"));
  cr_expect_eq(index.named("web").size(), 2);
  for (const ContainerIndex::Entry* each : index.named("web"))
    cr_expect_neq(each->first, idOf("b"));
  cr_expect_eq(index.named("ax").size(), 1);
  cr_expect_eq(index.named("none").size(), 0);
}

Test(container_index, an_engine_has_a_name_once) {
  ContainerIndex index;
  const std::string first = listed(idOf("a"), "\"/web\",\"/old\"");
  test::putRecord(index, node('a'), idOf("a"), first, 1);
  test::putRecord(index, node('a'), idOf("b"), listed(idOf("b"), "\"/web\""), 2);
  cr_expect_eq(found(index, "web"), "b000");
  cr_expect_eq(index.named("web").size(), 1);
  cr_expect_eq(found(index, "old"), "a000");
  index.expect(node('a'), idOf("c"), "web");
  cr_expect_eq(found(index, "web"), "c000");
  cr_expect_eq(index.named("web").size(), 1);
  test::putRecord(index, node('a'), idOf("c"), listed(idOf("c"), "\"/web\""), 3);
  test::putRecord(index, node('a'), idOf("a"), first, 1);  // late
  cr_expect_eq(found(index, "web"), "c000");
  for (const char* each : {"a", "b"}) index.erase(node('a'), idOf(each));
  cr_expect_eq(found(index, "web"), "c000");
  cr_expect_eq(found(index, "old"), "?");
}

Test(container_index, what_was_just_made_comes_first_and_hides_no_conflict) {
  ContainerIndex index;
  test::putRecord(index, node('a'), idOf("a"), listed(idOf("a"), "\"/web\""), 1);
  index.expect(node('b'), idOf("b"), "web");
  cr_expect_eq(found(index, "web"), "b000");
  test::putRecord(index, node('b'), idOf("b"), listed(idOf("b"), "\"/web\""), 1);
  cr_expect_eq(index.named("web").size(), 2);
}

Test(container_index, what_was_just_made_is_there_until_its_record_comes) {
  ContainerIndex index;
  const std::string id = idOf("a");
  index.expect(node('a'), id, "web");
  index.expect(node('a'), idOf("b"), "");
  cr_expect_eq(found(index, "web"), "a000");
  cr_expect_eq(index.find("web").entry->second.version, 0);
  cr_expect_eq(index.of(node('a')).size(), 2);
  test::putRecord(index, node('a'), id, listed(id, "\"/web\""), 9);
  cr_expect_eq(index.named("web").size(), 1);
  index.expect(node('b'), id, "other");  // known already: nothing changes
  cr_expect_eq(found(index, "other"), "?");
  cr_expect_eq(index.find("web").entry->second.version, 9);
  index.clear();
  cr_expect_eq(index.size(), 0);
  cr_expect_eq(index.of(node('a')).size(), 0);
  cr_expect_eq(found(index, "web"), "?");
}

Test(container_index, what_is_no_longer_expected_is_gone_unless_its_record_came) {
  ContainerIndex index;
  const std::string id = idOf("a");
  index.expect(node('a'), id, "web");
  index.unexpect(node('b'), id);
  cr_expect_eq(found(index, "web"), "a000", "another owner's container");
  index.unexpect(node('a'), id);
  cr_expect_eq(found(index, "web"), "?");
  cr_expect_eq(index.of(node('a')).size(), 0);
  index.unexpect(node('a'), id);
  test::putRecord(index, node('a'), id, listed(id, "\"/web\""), 9);
  index.unexpect(node('a'), id);
  cr_expect_eq(found(index, "web"), "a000");
}

Test(container_index, tells_what_is_known_of_each_container_of_a_node) {
  ContainerIndex index;
  std::string record = listed(idOf("a"), "\"/web\"");
  record.insert(record.size() - 1, R"(,"State":"running","Drover":{"Memory":5})");
  test::putRecord(index, node('a'), idOf("a"), record, 1);
  catalog::ContainerFacts asked;
  asked.reserves.memory = 7;
  index.expect(node('a'), idOf("b"), "b", asked);
  test::putRecord(index, node('b'), idOf("c"), listed(idOf("c"), "\"/c\""), 1);
  const ContainerIndex::Owned& owned = index.of(node('a'));
  cr_assert_eq(owned.size(), 2);
  cr_expect_eq(owned.at(idOf("a"))->second.reserves.memory, 5);
  cr_expect(owned.at(idOf("a"))->second.running);
  cr_expect_eq(owned.at(idOf("b"))->second.reserves.memory, 7);
  index.erase(node('a'), idOf("a"));
  cr_expect_eq(index.of(node('a')).size(), 1);
  cr_expect_eq(index.of(node('x')).size(), 0);
}

Test(container_index, what_was_removed_does_not_come_back) {
  ContainerIndex index;
  const std::string id = idOf("a");
  test::putRecord(index, node('a'), id, listed(id, "\"/web\""), 1);
  index.remove(node('a'), id);
  cr_expect(index.wasRemoved(id));
  cr_expect_eq(index.size(), 0);
  cr_expect_not(test::putRecord(index, node('a'), id, listed(id, "\"/web\""), 2),
                "an older record");
  cr_expect_eq(found(index, "web"), "?");
  index.remove(node('a'), "");
  cr_expect_not(index.wasRemoved(""));
  // Not for ever: what is remembered is bounded.
  for (int i = 0; i < 4096; i++) index.remove(node('a'), "x" + std::to_string(i));
  cr_expect_not(index.wasRemoved(id));
  cr_expect(index.wasRemoved("x0"));
  index.clear();
  cr_expect_not(index.wasRemoved("x0"));
}
