// Every shape of awaiting that STYLE allows runs four ways: the child is ready at once, is resumed
// later, throws, is destroyed while it waits. Whatever happens, each object made on the way is
// destroyed once.

#include "base/task.h"

#include <criterion/criterion.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using base::Event;
using base::Scope;
using base::Task;

namespace {

// Counts how many of it live. A second destruction of the same object makes the count wrong (and
// trips the sanitizer, since it owns memory).
class Token {
 public:
  Token(int& alive, int number) : alive_(&alive), number_(std::make_unique<int>(number)) {
    ++*alive_;
  }
  Token(Token&& other) noexcept : alive_(other.alive_), number_(std::move(other.number_)) {
    ++*alive_;
  }
  Token& operator=(Token&& other) noexcept {
    number_ = std::move(other.number_);
    return *this;
  }
  ~Token() { --*alive_; }
  int number() const { return *number_; }

 private:
  int* alive_;
  std::unique_ptr<int> number_;
};

enum class Way { ready, resumed, throwing, throwingLater, destroyed };

struct World {
  Way way = Way::ready;
  int alive = 0;
  Event event;
};

// The child that every shape awaits. Gives its token back.
Task<Token> child(World& world, Token token) {
  Token local(world.alive, 1);
  if (world.way == Way::throwing) throw std::runtime_error("as agreed");
  if (world.way != Way::ready) co_await world.event.wait();
  if (world.way == Way::throwingLater) throw std::runtime_error("as agreed");
  co_return std::move(token);
}

Task<> voidChild(World& world, Token token) {
  Token answer = co_await child(world, std::move(token));
  cr_assert_eq(answer.number(), 20);
}

using Shape = Task<int> (*)(World&);

Task<int> statement(World& world) {
  Token local(world.alive, 1);
  Token argument(world.alive, 20);
  co_await voidChild(world, std::move(argument));
  co_return 20;
}

Task<int> initialiser(World& world) {
  Token argument(world.alive, 20);
  Token answer = co_await child(world, std::move(argument));
  co_return answer.number();
}

Task<int> temporaryArgument(World& world) {
  Token answer = co_await child(world, Token(world.alive, 20));
  co_return answer.number();
}

Task<int> assignment(World& world) {
  Token answer(world.alive, 0);
  answer = co_await child(world, Token(world.alive, 20));
  co_return answer.number();
}

Task<Token> passedOn(World& world) {
  co_return co_await child(world, Token(world.alive, 20));
}

Task<int> returned(World& world) {
  Token answer = co_await passedOn(world);
  co_return answer.number();
}

Task<Token> notACoroutine(World& world) {
  return child(world, Token(world.alive, 20));
}

Task<int> throughAFunction(World& world) {
  Token answer = co_await notACoroutine(world);
  co_return answer.number();
}

Task<int> named(World& world) {
  Task<Token> task = child(world, Token(world.alive, 20));
  Task<Token> moved = std::move(task);
  Token answer = co_await moved;
  co_return answer.number();
}

Task<int> loop(World& world) {
  int sum = 0;
  for (int i = 0; i < 4; i++) {
    Token answer = co_await child(world, Token(world.alive, 5));
    sum += answer.number();
  }
  co_return sum;
}

Task<int> branch(World& world) {
  if (world.way != Way::ready) {
    Token answer = co_await child(world, Token(world.alive, 20));
    co_return answer.number();
  }
  Token answer = co_await child(world, Token(world.alive, 20));
  co_return answer.number();
}

Task<int> tried(World& world) {
  Token local(world.alive, 1);
  std::string why;
  try {
    Token answer = co_await child(world, Token(world.alive, 20));
    co_return answer.number();
  } catch (const std::runtime_error& fault) {
    why = fault.what();
  }
  throw std::runtime_error(why);
}

Task<int> nested(World& world) {
  int sum = co_await loop(world);
  co_await voidChild(world, Token(world.alive, 20));
  co_return sum;
}

// Several levels deep, each with something to destroy.
Task<int> deep(World& world, int levels) {
  Token local(world.alive, levels);
  if (levels == 0) co_return co_await initialiser(world);
  int answer = co_await deep(world, levels - 1);
  co_return answer;
}

Task<int> hundredDeep(World& world) {
  return deep(world, 100);
}

struct Member {
  World& world;
  Task<int> call(Token token) {
    Token answer = co_await child(world, std::move(token));
    co_return answer.number();
  }
};

Task<int> member(World& world) {
  Member object{world};
  int answer = co_await object.call(Token(world.alive, 20));
  co_return answer;
}

Task<> store(Task<int> task, int& answer) {
  answer = co_await task;
}

const struct {
  const char* name;
  Shape shape;
} shapes[] = {
    {"statement", statement},
    {"initialiser", initialiser},
    {"temporary argument", temporaryArgument},
    {"assignment", assignment},
    {"returned", returned},
    {"through a function", throughAFunction},
    {"named", named},
    {"loop", loop},
    {"branch", branch},
    {"tried", tried},
    {"nested", nested},
    {"hundred deep", hundredDeep},
    {"member", member},
};

std::string textOf(std::exception_ptr fault) {
  if (!fault) return "";
  try {
    std::rethrow_exception(fault);
  } catch (const std::exception& what) {
    return what.what();
  }
}

}  // namespace

Test(task, every_shape_of_awaiting_works_every_way) {
  for (const auto& [name, shape] : shapes) {
    for (Way way : {Way::ready, Way::resumed, Way::throwing, Way::throwingLater, Way::destroyed}) {
      World world;
      world.way = way;
      int answer = 0;
      std::exception_ptr fault;
      {
        Scope scope([&](std::exception_ptr what) { fault = what; });
        scope.spawn(store(shape(world), answer));
        bool waits = way != Way::ready && way != Way::throwing;
        cr_expect_eq(scope.empty(), !waits, "%s, way %d", name, static_cast<int>(way));
        for (int turn = 0; turn < 10 && way != Way::destroyed; turn++) world.event.fire();
        cr_expect_eq(scope.empty(), way != Way::destroyed, "%s, way %d", name,
                     static_cast<int>(way));
      }
      bool answers = way == Way::ready || way == Way::resumed;
      bool throws = way == Way::throwing || way == Way::throwingLater;
      cr_expect_eq(answer, answers ? 20 : 0, "%s, way %d", name, static_cast<int>(way));
      cr_expect_eq(textOf(fault), throws ? "as agreed" : "", "%s, way %d", name,
                   static_cast<int>(way));
      cr_expect_eq(world.alive, 0, "%s, way %d: %d objects too many", name, static_cast<int>(way),
                   world.alive);
    }
  }
}

Test(task, one_that_is_never_awaited_never_starts) {
  World world;
  {
    Task<int> task = initialiser(world);
    Task<int> other = initialiser(world);
    task = std::move(other);
  }
  cr_expect_eq(world.alive, 0);
}

namespace {

Task<uintptr_t> placeOfFrame() {
  char here = 0;
  co_return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) + static_cast<uintptr_t>(here);
}

Task<> compareDepths(uintptr_t& first, uintptr_t& last) {
  for (int i = 0; i < 100'000; i++) {
    uintptr_t place = co_await placeOfFrame();
    if (i == 0) first = place;
    last = place;
  }
}

Task<> resumeOften(Event& event, uintptr_t& first, uintptr_t& last) {
  for (int i = 0; i < 10'000; i++) {
    co_await event.wait();
    uintptr_t place = co_await placeOfFrame();
    if (i == 0) first = place;
    last = place;
  }
}

}  // namespace

Test(task, a_loop_of_ready_children_uses_no_stack) {
  uintptr_t first = 0, last = 1;
  Scope scope([](std::exception_ptr) {});
  scope.spawn(compareDepths(first, last));
  cr_expect(scope.empty());
  cr_expect_eq(first, last);
}

Test(task, a_loop_of_resumed_children_uses_no_stack) {
  uintptr_t first = 0, last = 1;
  Event event;
  Scope scope([](std::exception_ptr) {});
  scope.spawn(resumeOften(event, first, last));
  while (!scope.empty()) event.fire();
  cr_expect_eq(first, last);
}

namespace {

Task<> waitFor(Event& event, std::vector<int>& order, int number) {
  co_await event.wait();
  order.push_back(number);
}

Task<> waitTwice(Event& event, std::vector<int>& order, int number) {
  co_await event.wait();
  order.push_back(number);
  co_await event.wait();
  order.push_back(number);
}

Task<> thenDo(Event& event, std::function<void()> action) {
  co_await event.wait();
  action();
}

void ignoreFault(std::exception_ptr) {}

}  // namespace

Test(event, resumes_in_the_order_of_coming) {
  Event event;
  std::vector<int> order;
  Scope scope(ignoreFault);
  for (int i = 0; i < 4; i++) scope.spawn(waitFor(event, order, i));
  cr_expect(order.empty());
  event.fire();
  cr_expect_eq(order, (std::vector<int>{0, 1, 2, 3}));
  event.fire();
  cr_expect_eq(order.size(), 4);
}

Test(event, one_who_waits_again_while_it_fires_waits_for_the_next_time) {
  Event event;
  std::vector<int> order;
  Scope scope(ignoreFault);
  scope.spawn(waitTwice(event, order, 1));
  scope.spawn(waitTwice(event, order, 2));
  event.fire();
  cr_expect_eq(order, (std::vector<int>{1, 2}));
  event.fire();
  cr_expect_eq(order, (std::vector<int>{1, 2, 1, 2}));
  cr_expect(scope.empty());
}

Test(event, waiters_can_be_cancelled_before_and_while_it_fires) {
  Event event;
  std::vector<int> order;
  std::optional<Scope> first(ignoreFault), second(ignoreFault), third(ignoreFault);
  Scope canceller(ignoreFault);
  first->spawn(waitFor(event, order, 1));
  canceller.spawn(thenDo(event, [&] { second.reset(); }));
  second->spawn(waitFor(event, order, 2));
  third->spawn(waitFor(event, order, 3));
  second->spawn(waitFor(event, order, 4));
  first.reset();
  event.fire();
  cr_expect_eq(order, (std::vector<int>{3}));
  first.emplace(ignoreFault);
  first->spawn(waitFor(event, order, 5));
  event.fire();
  cr_expect_eq(order, (std::vector<int>{3, 5}));
}

Test(event, may_fire_again_while_it_fires) {
  Event event;
  std::vector<int> order;
  Scope scope(ignoreFault);
  scope.spawn(waitTwice(event, order, 1));
  scope.spawn(thenDo(event, [&] { event.fire(); }));
  scope.spawn(waitFor(event, order, 2));
  event.fire();
  cr_expect_eq(order, (std::vector<int>{1, 1, 2}));
  cr_expect(scope.empty());
}

Test(event, may_be_destroyed_while_it_fires) {
  std::unique_ptr<Event> event = std::make_unique<Event>();
  std::vector<int> order;
  Scope scope(ignoreFault);
  scope.spawn(thenDo(*event, [&] { event.reset(); }));
  scope.spawn(waitFor(*event, order, 1));
  event->fire();
  cr_expect_eq(order, (std::vector<int>{1}));
  cr_expect(scope.empty());
}

Test(scope, hears_of_faults_and_of_ends) {
  Event event;
  std::vector<std::string> faults;
  int ends = 0;
  Scope watchers(ignoreFault);
  Scope scope([&](std::exception_ptr fault) { faults.push_back(textOf(fault)); });
  auto count = [&] { ends++; };
  watchers.spawn(thenDo(scope.taskEnded(), count));
  scope.spawn(thenDo(event, [] { throw std::runtime_error("broken"); }));
  cr_expect_not(scope.empty());
  cr_expect_eq(ends, 0);
  event.fire();
  cr_expect(scope.empty());
  cr_expect_eq(faults, std::vector<std::string>{"broken"});
  cr_expect_eq(ends, 1);
}

Test(scope, cancelled_tasks_neither_end_nor_fail) {
  Event event;
  int heard = 0;
  World world;
  world.way = Way::destroyed;
  Scope watchers(ignoreFault);
  Scope scope([&](std::exception_ptr) { heard++; });
  watchers.spawn(thenDo(scope.taskEnded(), [&] { heard++; }));
  int answer = 0;
  for (int i = 0; i < 3; i++) scope.spawn(store(hundredDeep(world), answer));
  cr_expect_gt(world.alive, 300);
  scope.cancelAll();
  cr_expect(scope.empty());
  cr_expect_eq(world.alive, 0);
  cr_expect_eq(heard, 0);
  scope.spawn(thenDo(event, [] {}));  // it can be used again
  cr_expect_not(scope.empty());
}

Test(scope, tasks_leave_in_any_order) {
  Event events[3];
  std::vector<int> order;
  for (std::vector<int> leaving : {std::vector{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}}) {
    Scope scope(ignoreFault);
    for (int i = 0; i < 3; i++) scope.spawn(waitFor(events[i], order, i));
    for (int i : leaving) events[i].fire();
    cr_expect(scope.empty());
    cr_expect_eq(order, leaving);
    order.clear();
  }
}

Test(scope, whoever_hears_of_an_end_may_destroy_it) {
  World world;
  world.way = Way::destroyed;
  Event event;
  int answer = 0;
  std::optional<Scope> scope(std::in_place, ignoreFault);
  Scope watchers(ignoreFault);
  watchers.spawn(thenDo(scope->taskEnded(), [&] { scope.reset(); }));
  scope->spawn(store(initialiser(world), answer));
  scope->spawn(thenDo(event, [] {}));
  event.fire();
  cr_expect_not(scope.has_value());
  cr_expect_eq(world.alive, 0);
}

Test(scope, may_be_destroyed_by_the_end_of_a_task_that_never_waited) {
  std::optional<Scope> scope(std::in_place, ignoreFault);
  Scope watchers(ignoreFault);
  watchers.spawn(thenDo(scope->taskEnded(), [&] { scope.reset(); }));
  World world;
  int answer = 0;
  scope->spawn(store(initialiser(world), answer));
  cr_expect_not(scope.has_value());
  cr_expect_eq(answer, 20);
}

Test(scope, a_task_may_spawn_another_in_its_own_scope) {
  Event event;
  std::vector<int> order;
  Scope scope(ignoreFault);
  scope.spawn(thenDo(event, [&] { scope.spawn(waitFor(event, order, 1)); }));
  event.fire();
  cr_expect_not(scope.empty());
  event.fire();
  cr_expect(scope.empty());
  cr_expect_eq(order, std::vector<int>{1});
}
