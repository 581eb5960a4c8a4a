// The parts of the live door that need no broker: messages, topics, pacing, the log of set points, the door itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/step/simulation.hpp"
#include "tests/sim/step/small_system.hpp"
#include "tools/live/door.hpp"
#include "tools/live/message.hpp"
#include "tools/live/pacer.hpp"
#include "tools/live/set_point_log.hpp"
#include "tools/live/telemetry.hpp"
#include "tools/live/topics.hpp"

namespace gridplus::live {
namespace {

using Json = nlohmann::json;

// Messages

SetMessage accepted(std::string_view payload) {
  const auto parsed = parse_set_message(payload);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    ADD_FAILURE() << payload << ": " << refusal->reason;
    return {};
  }
  return std::get<SetMessage>(parsed);
}

std::string refused(std::string_view payload) {
  const auto parsed = parse_set_message(payload);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return refusal->reason;
  ADD_FAILURE() << payload << " is accepted";
  return {};
}

TEST(SetMessage, IsReadWithAllItsKeys) {
  const SetMessage message = accepted(R"({"p_mw": -1.5, "valid_s": 60, "time": "2018-01-01T00:15+08:00", "id": "a7"})");
  EXPECT_EQ(message.p_mw, -1.5);
  EXPECT_EQ(message.valid_s, 60.0);
  EXPECT_EQ(message.time->utc, parse_time("2017-12-31T16:15Z").utc);
  EXPECT_EQ(message.id, "a7");
  EXPECT_FALSE(message.release);
  EXPECT_EQ(accepted(R"({"p_mw":2})").p_mw, 2.0);
  EXPECT_EQ(accepted(R"({"p_mw":2,"id":17})").id, "17");
  EXPECT_TRUE(accepted(R"({"release":true})").release);
}

class BadMessage : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(BadMessage, IsRefusedWithItsReason) {
  const auto& [payload, reason] = GetParam();
  EXPECT_NE(refused(payload).find(reason), std::string::npos) << refused(payload);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadMessage,
    testing::Values(
        std::pair{"", "no JSON"}, std::pair{"{", "no JSON"}, std::pair{"1.5", "no flat JSON object"},
        std::pair{"[1]", "no flat JSON object"}, std::pair{R"({"p_mw":{"a":1}})", "no flat JSON object"},
        std::pair{R"({"p_mw":NaN})", "no JSON"}, std::pair{R"({"p_mw":1e999})", "no JSON"},
        std::pair{R"({"p_mw":"1"})", "p_mw is no number"}, std::pair{R"({"valid_s":5})", "p_mw is missing"},
        std::pair{"{}", "p_mw is missing"}, std::pair{R"({"p_mw":1,"valid_s":0})", "valid_s is 0"},
        std::pair{R"({"p_mw":1,"valid_s":-1})", "valid_s is -1"},
        std::pair{R"({"p_mw":1,"valid_s":1e300})", "valid_s is 1e+300"},
        std::pair{R"({"p_mw":1,"power":2})", "unknown key 'power'"},
        std::pair{R"({"p_mw":1,"time":5})", "time is no text"}, std::pair{R"({"p_mw":1,"time":"soon"})", "time: "},
        std::pair{R"({"release":1})", "release is neither"},
        std::pair{R"({"release":true,"p_mw":1})", "a release has neither"},
        std::pair{R"({"p_mw":1,"id":[]})", "no flat JSON object"},
        std::pair{R"({"p_mw":1,"id":true})", "id is no text"}, std::pair{std::string("{\"p_mw\":\xff}"), "no JSON"},
        std::pair{std::string(5000, '['), "has 5000 bytes"}, std::pair{std::string(1000, '['), "no flat JSON object"}));

TEST(SetMessage, AnswersKeepTheIdWhereItCanBeRead) {
  const auto parsed = parse_set_message(R"({"id":"x","p_mw":"much"})");
  EXPECT_EQ(std::get<Refusal>(parsed).id, "x");
}

// Topics

TEST(Topics, KeepWhatMqttReservesOutOfNames) {
  EXPECT_EQ(topic_level("roof 12"), "roof 12");
  EXPECT_EQ(topic_level("a/b+c#d%e"), "a%2Fb%2Bc%23d%25e");
  EXPECT_EQ(topic_level("$SYS"), "%24SYS");
  EXPECT_EQ(topic_level(std::string("a\0b", 3)), "a%00b");
}

TEST(Topics, AreReadBack) {
  const Topics topics("site/gridplus", "my grid");
  EXPECT_EQ(topics.root(), "site/gridplus/my grid");
  EXPECT_EQ(topics.of("storage", "b/1"), "site/gridplus/my grid/storage/b%2F1");
  const auto address = topics.set_address("site/gridplus/my grid/storage/b%2F1/set");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->kind, "storage");
  EXPECT_EQ(address->level, "b%2F1");
  for (const char* other : {"", "x", "site/gridplus/my grid/set", "site/gridplus/my grid/a/set",
                            "site/gridplus/my grid/a/b/c/set", "site/gridplus/my grid/storage/b", "other/a/b/set"})
    EXPECT_FALSE(topics.set_address(other)) << other;
}

TEST(Topics, RefuseAPrefixThatNoClientCouldUse) {
  for (const char* prefix : {"", "/a", "a/", "a/#", "+", "$SYS"})
    EXPECT_THROW(Topics(prefix, "s"), InputError) << prefix;
}

// Pacing

class FakeClock final : public Clock {
 public:
  [[nodiscard]] double now_s() const override { return time_s; }
  void sleep(double s) override {
    time_s += s;
    slept_s += s;
    ++sleeps;
  }
  double time_s = 1000.0, slept_s = 0.0;
  int sleeps = 0;
};

TEST(Pacer, BeginsEachStepAtItsTime) {
  FakeClock clock;
  Pacer pacer(2.0, clock, [] { return false; });
  for (int k = 0; k < 5; ++k) {
    ASSERT_TRUE(pacer.wait());
    EXPECT_NEAR(clock.time_s, 1000.0 + 2.0 * k, 1e-9);
    clock.time_s += 0.5;
    EXPECT_EQ(pacer.late_s(), 0.0);
    pacer.finish();
  }
  EXPECT_EQ(pacer.steps(), 5);
  EXPECT_EQ(pacer.late_steps(), 0);
  EXPECT_NEAR(pacer.largest_load(), 0.25, 1e-9);
}

TEST(Pacer, CountsLateStepsAndMakesUpForThem) {
  FakeClock clock;
  Pacer pacer(1.0, clock, [] { return false; });
  // The second begins at 1 s and ends at 3.5 s, 1.5 s late; the third at 3.6 s, due at 3 s; the fourth is in time.
  const double work_s[] = {0.2, 2.5, 0.1, 0.1, 0.1};
  const double late_s[] = {0.0, 1.5, 0.6, 0.0, 0.0};
  for (int k = 0; k < 5; ++k) {
    ASSERT_TRUE(pacer.wait());
    clock.time_s += work_s[k];
    EXPECT_NEAR(pacer.late_s(), late_s[k], 1e-9) << k;
    pacer.finish();
  }
  EXPECT_EQ(pacer.late_steps(), 2);
  EXPECT_NEAR(pacer.latest_s(), 1.5, 1e-9);
  EXPECT_NEAR(clock.time_s, 1004.1, 1e-9);  // in time again
}

TEST(Pacer, StopsWhileItWaits) {
  FakeClock clock;
  Pacer pacer(100.0, clock, [&] { return clock.slept_s > 1.0; });
  ASSERT_TRUE(pacer.wait());
  pacer.finish();
  EXPECT_FALSE(pacer.wait());
  EXPECT_LT(clock.slept_s, 1.2);
  EXPECT_EQ(pacer.steps(), 1);
}

// The door

class Sent final : public Outbox {
 public:
  void send(Message message) override { messages.push_back(std::move(message)); }
  /// The only message on `topic` since the last call of any function.
  Json only(const std::string& topic) {
    EXPECT_EQ(messages.size(), 1U);
    if (messages.empty()) return {};
    EXPECT_EQ(messages[0].topic, topic);
    const Json json = Json::parse(messages[0].payload, nullptr, false);
    messages.clear();
    return json;
  }
  std::vector<Message> messages;
};

class AtTheDoor : public testing::Test {
 protected:
  void say(const std::string& address, const std::string& payload, bool retained = false) {
    const std::string topic = "gridplus/small/" + address;
    door.receive({topic, payload, retained});
  }
  OutsideInput take(std::int64_t step) {
    OutsideInput input;
    door.take(step, input);
    return input;
  }
  ~AtTheDoor() override { std::filesystem::remove(file); }

  static std::filesystem::path own_file() {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '_');
    return std::filesystem::path(testing::TempDir()) / ("gridplus_door_" + name);
  }

  std::filesystem::path file = own_file();
  std::unique_ptr<Model> model = test::small_system(24);
  Topics topics{"gridplus", "small"};
  DeviceTable devices{*model, topics};
  SetPointLog log{file, *model, devices};
  Sent out;
  Door door{*model, topics, devices, log, out, 1800.0};
};

TEST_F(AtTheDoor, SetPointsWaitForTheNextStepAndAreAnswered) {
  say("storage/battery/set", R"({"p_mw":5,"valid_s":7200,"id":"q"})");
  EXPECT_TRUE(out.messages.empty());
  const OutsideInput input = take(3);
  ASSERT_EQ(input.set_points.size(), 1U);
  EXPECT_EQ(input.set_points[0].kind, DeviceKind::storage);
  EXPECT_EQ(input.set_points[0].p_mw, 5.0);
  EXPECT_EQ(input.set_points[0].valid_s, 7200.0);
  const Json answer = out.only("gridplus/small/storage/battery/accepted");
  EXPECT_EQ(answer["step"], 3);
  EXPECT_EQ(answer["id"], "q");
  EXPECT_TRUE(take(4).set_points.empty());
  EXPECT_EQ(door.counts().accepted, 1);
}

TEST_F(AtTheDoor, WithoutAValidityTheDefaultHolds) {
  say("consumer/town/set", R"({"p_mw":5})");
  EXPECT_EQ(take(0).set_points.at(0).valid_s, 1800.0);
}

TEST_F(AtTheDoor, UnknownDevicesAreAnsweredOnTheCommonTopic) {
  say("storage/nothing/set", R"({"p_mw":5})");
  EXPECT_NE(out.only("gridplus/small/error")["reason"].get<std::string>().find("no such device"), std::string::npos);
  say("bus/north/set", R"({"p_mw":5})");
  EXPECT_EQ(out.only("gridplus/small/error")["topic"], "gridplus/small/bus/north/set");
  EXPECT_EQ(door.counts().rejected, 2);
  EXPECT_TRUE(take(0).set_points.empty());
}

TEST_F(AtTheDoor, OutOfRangeSaysWhatIsAllowed) {
  say("storage/battery/set", R"({"p_mw":10.5,"id":"z"})");
  const Json answer = out.only("gridplus/small/storage/battery/error");
  EXPECT_EQ(answer["reason"], "p_mw is 10.5; allowed: -10 to 10");
  EXPECT_EQ(answer["id"], "z");
  say("producer/farm/set", R"({"p_mw":-1})");
  EXPECT_EQ(out.only("gridplus/small/producer/farm/error")["reason"], "p_mw is -1; allowed: 0 to 50");
}

TEST_F(AtTheDoor, RetainedMessagesAreRefused) {
  say("storage/battery/set", R"({"p_mw":1})", true);
  EXPECT_NE(out.only("gridplus/small/storage/battery/error")["reason"].get<std::string>().find("retained"),
            std::string::npos);
}

TEST_F(AtTheDoor, ValidityCountsFromTheTimeOfTheMessage) {
  say("storage/battery/set", R"({"p_mw":1,"valid_s":5400,"time":"2021-01-01T01:00Z"})");
  EXPECT_EQ(take(2).set_points.at(0).valid_s, 1800.0);
  out.messages.clear();
  say("storage/battery/set", R"({"p_mw":1,"valid_s":3600,"time":"2021-01-01T01:00Z"})");
  EXPECT_TRUE(take(2).set_points.empty());
  EXPECT_NE(out.only("gridplus/small/storage/battery/error")["reason"].get<std::string>().find("expired"),
            std::string::npos);
  say("storage/battery/set", R"({"p_mw":1,"time":"2021-01-01T05:00Z"})");
  EXPECT_TRUE(take(2).set_points.empty());
  EXPECT_NE(out.only("gridplus/small/storage/battery/error")["reason"].get<std::string>().find("lies ahead"),
            std::string::npos);
}

TEST_F(AtTheDoor, AnyBytesAreAnswered) {
  for (const std::string& payload : {std::string(), std::string("\0\0", 2), std::string("\xff\xfe"),
                                     std::string(1 << 20, '{'), std::string("{\"p_mw\":1e400}")}) {
    out.messages.clear();
    say("storage/battery/set", payload);
    EXPECT_FALSE(out.only("gridplus/small/storage/battery/error").is_discarded());
  }
  say("storage/\xff\xfe/set", "{}");
  EXPECT_FALSE(out.only("gridplus/small/error").is_discarded());
}

TEST_F(AtTheDoor, AFloodDoesNotFillTheMemory) {
  for (int i = 0; i < 100001; ++i) say("storage/battery/set", R"({"p_mw":1})");
  EXPECT_NE(out.only("gridplus/small/storage/battery/error")["reason"].get<std::string>().find("too many"),
            std::string::npos);
}

TEST_F(AtTheDoor, LossesOfTheBrokerBecomeEvents) {
  door.connection_lost("localhost:1883", "gone");
  door.connection_returned("localhost:1883", 2.5);
  const OutsideInput input = take(7);
  ASSERT_EQ(input.happenings.size(), 2U);
  EXPECT_EQ(input.happenings[0].kind, "broker_lost");
  EXPECT_EQ(input.happenings[1].value, 2.5);
  EXPECT_EQ(door.counts().losses, 1);
}

TEST_F(AtTheDoor, TheLogGivesTheSameAgain) {
  say("storage/battery/set", R"({"p_mw":0.1,"valid_s":12.3456789})");
  say("producer/coal/set", R"({"p_mw":100})");
  door.connection_lost("localhost:1883", "a \"reason\"");
  const OutsideInput first = take(2);
  say("storage/battery/set", R"({"release":true})");
  const OutsideInput second = take(5);
  log.publish();
  SetPointReplay replay(read_set_points(file, *model, devices));
  for (std::int64_t step = 0; step < 24; ++step) {
    OutsideInput input;
    replay.take(step, input);
    const OutsideInput& expected = step == 2 ? first : step == 5 ? second : OutsideInput{};
    ASSERT_EQ(input.set_points.size(), expected.set_points.size()) << step;
    for (std::size_t i = 0; i < input.set_points.size(); ++i) {
      EXPECT_EQ(input.set_points[i].kind, expected.set_points[i].kind);
      EXPECT_EQ(input.set_points[i].index, expected.set_points[i].index);
      EXPECT_EQ(input.set_points[i].p_mw, expected.set_points[i].p_mw);
      EXPECT_EQ(input.set_points[i].valid_s, expected.set_points[i].valid_s);
      EXPECT_EQ(input.set_points[i].release, expected.set_points[i].release);
    }
    ASSERT_EQ(input.happenings.size(), expected.happenings.size());
    for (std::size_t i = 0; i < input.happenings.size(); ++i)
      EXPECT_EQ(input.happenings[i].reason, expected.happenings[i].reason);
  }
}

class BadLog : public AtTheDoor, public testing::WithParamInterface<std::pair<std::string, std::string>> {};

TEST_P(BadLog, IsRefusedWithLineAndReason) {
  const auto& [lines, problem] = GetParam();
  constexpr const char* k_header =
      R"({"format":"gridplus-set-points","version":1,"scenario":"small","start":"2021-01-01T00:00:00Z","step_s":3600})";
  std::ofstream(file) << (lines.starts_with("!") ? lines.substr(1) : k_header + ("\n" + lines)) << "\n";
  try {
    static_cast<void>(read_set_points(file, *model, devices));
    FAIL() << "the log is accepted";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(problem), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BadLog,
    testing::Values(
        std::pair{"!hello", ":1:1: the line is no JSON object"}, std::pair{"!{}", "no list of set points"},
        std::pair{R"(!{"format":"gridplus-set-points","version":1,"start":"2021-01-01T00:00:00Z","step_s":60})",
                  "in steps of 60 s"},
        std::pair{"nonsense", ":2:1: the line is no JSON object"},
        std::pair{R"({"step":24,"kind":"storage","name":"battery","p_mw":1,"valid_s":1})", "step 24"},
        std::pair{R"({"step":1,"kind":"storage","name":"x","p_mw":1,"valid_s":1})", "there is no storage 'x'"},
        std::pair{R"({"step":1,"kind":"storage","name":"battery","valid_s":1})", "'p_mw' is missing"},
        std::pair{R"({"step":1,"kind":"storage","name":"battery","p_mw":1,"valid_s":0})", "valid_s is 0"},
        std::pair{R"({"step":"1","kind":"storage"})", "'step' is missing or no whole number"}));

// Telemetry

TEST(Telemetry, SendsEveryDeviceAndThenTheTotals) {
  const auto model = test::small_system(2);
  const Topics topics("gridplus", "small");
  const Telemetry telemetry(*model, topics, {});
  Simulation simulation(*model, 1);
  Sent out;
  telemetry.send_step(simulation.advance(), 0.25, 3, out);
  ASSERT_EQ(out.messages.size(), telemetry.messages_per_step());
  ASSERT_EQ(out.messages.size(), 3U + 2U + 1U + 1U);
  const Json coal = Json::parse(out.messages.front().payload);
  EXPECT_EQ(out.messages.front().topic, "gridplus/small/producer/coal");
  EXPECT_EQ(coal["step"], 0);
  EXPECT_EQ(coal["time"], "2021-01-01T00:00:00Z");
  EXPECT_TRUE(coal["p_mw"].is_number());
  const Json totals = Json::parse(out.messages.back().payload);
  EXPECT_EQ(out.messages.back().topic, "gridplus/small/step");
  EXPECT_EQ(totals["late_steps"], 3);
  EXPECT_EQ(totals["late_s"], 0.25);
  EXPECT_EQ(totals["converged"], 1);
}

TEST(Telemetry, BatchesHoldTheSameValues) {
  const auto model = test::small_system(1);
  const Topics topics("gridplus", "small");
  const Telemetry one(*model, topics, {{"producer", "bus"}, false}), batch(*model, topics, {{"producer", "bus"}, true});
  Simulation simulation(*model, 1);
  const StepBlock& block = simulation.advance();
  Sent singly, together;
  one.send_step(block, 0.0, 0, singly);
  batch.send_step(block, 0.0, 0, together);
  ASSERT_EQ(together.messages.size(), 3U);
  const Json producers = Json::parse(together.messages[0].payload);
  Json farm = Json::parse(singly.messages[2].payload);
  farm.erase("step");
  farm.erase("time");
  EXPECT_EQ(producers["producer"]["farm"], farm);
}

TEST(Telemetry, AGroupThatThereIsNotIsNamed) {
  const auto model = test::small_system(1);
  const Topics topics("gridplus", "small");
  EXPECT_THROW(Telemetry(*model, topics, {{"busses"}, false}), InputError);
  EXPECT_THROW(Telemetry(*model, topics, {{"link"}, false}), InputError);  // it has no communications
}

}  // namespace
}  // namespace gridplus::live
