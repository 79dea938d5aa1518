// The wire format is frozen: each message is written as it was, and what was written then is read.

#include <criterion/criterion.h>

#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "cluster/ca/cluster_config.h"
#include "cluster/wire.pb.h"
#include "cluster/wire_version.h"
#include "test/golden.h"

using namespace cluster;

namespace {

const std::string ip = std::string(10, '\0') + "\xff\xff\x0a\x01\x02\x03";

std::string id(char letter) {
  return std::string(25, letter);
}

void fill(wire::MemberUpdate& update) {
  update.set_id(id('m'));
  update.set_status(wire::FAILED);
  update.set_incarnation(1'000'000'000'007);
  update.set_from(id('f'));
  update.set_name("db-2");
  update.set_ip(ip);
  update.set_gossip_port(7946);
  update.set_api_port(2377);
  update.set_session(0x0102030405060708);
  update.set_wire_version(1);
  update.set_age(300);
}

void fill(wire::OwnerDelta& delta) {
  delta.set_owner(id('o'));
  delta.set_base(1);
  delta.set_version(300);
  delta.set_floor(2);
  delta.set_purged(3);
  delta.set_source(400);
  delta.set_reloading(true);
  wire::Record& record = *delta.add_records();
  record.set_key("container/c1");
  record.set_version(299);
  record.set_value("{}");
  record.set_confidential(true);
  wire::Record& tombstone = *delta.add_records();
  tombstone.set_key("network/n1");
  tombstone.set_version(300);
  tombstone.set_deleted(true);
}

wire::Message message() {
  wire::Message message;
  message.set_version(1);
  message.set_oldest_reader(1);
  message.set_sender(id('s'));
  return message;
}

// One of each, with a value in every field.
std::map<std::string, wire::Message> messages() {
  std::map<std::string, wire::Message> all;
  auto next = [&all](const char* name) -> wire::Message& { return all[name] = message(); };
  wire::Message& ping = next("ping");
  ping.mutable_ping()->set_sequence(200);
  ping.mutable_ping()->set_target(id('t'));
  wire::PingRequest& request = *next("ping_request").mutable_ping_request();
  request.set_sequence(201);
  request.set_target(id('t'));
  request.set_ip(ip);
  request.set_gossip_port(7946);
  next("ack").mutable_ack()->set_sequence(202);
  next("nack").mutable_nack()->set_sequence(203);
  wire::Message& gossip = next("gossip");
  gossip.mutable_gossip();
  fill(*gossip.add_updates());
  wire::MembersSync& sync = *next("members_sync").mutable_members_sync();
  sync.set_answer_wanted(true);
  sync.set_hash(0x1112131415161718);
  next("removed").mutable_removed();
  next("cloned").mutable_cloned()->set_other("10.0.0.1:7946");
  fill(*next("state_news").mutable_state_news()->add_deltas());
  wire::StateDigest& digest = *next("state_digest").mutable_state_digest();
  digest.set_hash(0x2122232425262728);
  wire::OwnerVersion& version = *digest.add_versions();
  version.set_owner(id('o'));
  version.set_version(300);
  version.set_clean(301);
  version.set_hash(0x3132333435363738);
  digest.set_answer_wanted(true);
  digest.set_partial(true);
  digest.add_bucket_hashes(0x4142434445464748);
  digest.set_buckets(5);
  wire::StateDelta& delta = *next("state_delta").mutable_state_delta();
  fill(*delta.add_deltas());
  delta.set_more(true);
  wire::ClaimAsk& ask = *next("claim_ask").mutable_claim_ask();
  ask.set_claim(7);
  ask.set_key("name/web");
  ask.set_holder("holder");
  ask.set_keep_ms(5000);
  wire::ClaimAnswer& answer = *next("claim_answer").mutable_claim_answer();
  answer.set_claim(7);
  answer.set_verdict(wire::ClaimAnswer::HELD);
  answer.set_holder("holder");
  answer.set_owner(id('o'));
  answer.set_version(300);
  wire::ClaimRelease& release = *next("claim_release").mutable_claim_release();
  release.set_key("name/web");
  release.set_holder("holder");
  return all;
}

wire::Batch batch() {
  wire::Batch batch;
  for (auto& [name, message] : messages()) *batch.add_messages() = std::move(message);
  return batch;
}

}  // namespace

Test(wire_format, every_message_is_written_as_it_was) {
  std::string today;
  for (const auto& [name, message] : messages())
    today += name + " " + toHex(message.SerializeAsString()) + "\n";
  today += "batch " + toHex(batch().SerializeAsString()) + "\n";
  test::expectGolden("wire_messages", today);
}

Test(wire_format, what_was_written_then_is_read) {
  std::map<std::string, wire::Message> expected = messages();
  std::istringstream lines(test::golden("wire_messages"));
  size_t read = 0;
  for (std::string name, hex; lines >> name >> hex; read++) {
    std::string bytes = *fromHex(hex);
    if (name == "batch") {
      wire::Batch batch;
      cr_assert(batch.ParseFromString(bytes));
      cr_expect_eq(static_cast<size_t>(batch.messages_size()), expected.size());
      continue;
    }
    wire::Message message;
    cr_assert(message.ParseFromString(bytes), "%s", name.c_str());
    cr_expect(message.SerializeAsString() == expected.at(name).SerializeAsString(), "%s",
              name.c_str());
    cr_expect_eq(message.body_case(), expected.at(name).body_case(), "%s", name.c_str());
  }
  cr_expect_eq(read, expected.size() + 1);
}

// Numbers and types of all fields and values, also of those that no test fills in.
Test(wire_format, fields_keep_their_numbers_and_types) {
  std::istringstream lines(test::sourceFile("cluster/wire.proto"));
  const std::regex block(R"(^\s*(message|enum)\s+(\w+)\s*\{)");
  const std::regex field(R"(((?:repeated )?\w+) (\w+) = (\d+);)");
  const std::regex value(R"(\b([A-Z]+) = (\d+);)");
  std::string today, within;
  for (std::string line; std::getline(lines, line);) {
    line.erase(std::min(line.find("//"), line.size()));
    std::smatch found;
    std::string of = within;
    if (std::regex_search(line, found, block)) {
      of = found[2];
      bool isInner = found[1] == "enum" && line.find('}') != std::string::npos;
      if (!isInner) within = of;
    }
    for (std::sregex_iterator each(line.begin(), line.end(), value), end; each != end; ++each)
      today += of + "." + (*each)[1].str() + " = " + (*each)[2].str() + "\n";
    for (std::sregex_iterator each(line.begin(), line.end(), field), end; each != end; ++each)
      today +=
          of + "." + (*each)[2].str() + " = " + (*each)[3].str() + " " + (*each)[1].str() + "\n";
  }
  test::expectGolden("wire_fields", today);
}

// What a newer node adds without a new version.
Test(wire_format, unknown_fields_and_bodies_are_skipped) {
  wire::Message message;
  std::string known = messages().at("gossip").SerializeAsString();
  cr_assert(message.ParseFromString(known + *fromHex("ba06026869")), "field 103, \"hi\"");
  cr_expect_eq(message.updates_size(), 1);
  cr_expect_eq(message.body_case(), wire::Message::kGossip);
  std::string head = ::message().SerializeAsString();
  cr_assert(message.ParseFromString(head + *fromHex("c20200")), "a body of number 40");
  cr_expect_eq(message.body_case(), wire::Message::BODY_NOT_SET);
}

// A new version needs a line in docs/design/formats.md, and golden files beside those of before.
Test(wire_format, is_version_1) {
  cr_expect_eq(wireVersion, 1);
  cr_expect_eq(wireOldestReader, 1);
}
