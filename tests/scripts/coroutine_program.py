"""Writes the C++ source of a program full of coroutines, each left suspended once at each of its suspend points.

The program prints a line "FRAME LINE NUMBER FUNCTION" for each coroutine, then READY, and waits: where it is suspended
(the line of the co_await), which suspend point that is in source order (0: not said), and which function. What a reader of
its memory finds there can so be compared with the truth.
"""
import random

HEAD = r"""#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>
#include <unistd.h>
#define P(n) (__LINE__ * 100 + (n))
static std::coroutine_handle<> g_leaf;
static int g_place;
static volatile int sink;
static volatile int yes = 1, no = 0;
struct plain {
    int place;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) noexcept { g_leaf = h; g_place = place; }
    int await_resume() const noexcept { return 1; }
};
struct outside { // its functions are not inlined, and it has a destructor
    int place;
    const char* text;
    ~outside() { sink = 2; }
    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> h);
    int await_resume() const;
};
__attribute__((noinline)) bool outside::await_ready() const noexcept { return false; }
__attribute__((noinline)) void outside::await_suspend(std::coroutine_handle<> h) { g_leaf = h; g_place = place; }
__attribute__((noinline)) int outside::await_resume() const { return text[0]; }
struct maybe {
    int place;
    bool await_ready() const noexcept { return no; }
    bool await_suspend(std::coroutine_handle<> h) noexcept { g_leaf = h; g_place = place; return yes; }
    void await_resume() const noexcept {}
};
template <class First> struct promise_of;
template <class First> struct basic_task {
    using promise_type = promise_of<First>;
    std::coroutine_handle<promise_type> h;
    explicit basic_task(std::coroutine_handle<promise_type> x) : h(x) {}
    basic_task(basic_task&& o) noexcept : h(std::exchange(o.h, nullptr)) {}
    ~basic_task() { if (h) h.destroy(); }
    bool await_ready() noexcept { return h.done(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> c) noexcept { h.promise().cont = c; return h; }
    int await_resume() { return h.promise().v; }
};
template <class First> struct promise_of {
    std::coroutine_handle<> cont;
    int v = 0;
    basic_task<First> get_return_object() {
        return basic_task<First>{std::coroutine_handle<promise_of>::from_promise(*this)};
    }
    First initial_suspend() noexcept { return {}; }
    struct last {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_of> h) noexcept {
            auto c = h.promise().cont;
            return c ? c : std::noop_coroutine();
        }
        void await_resume() noexcept {}
    };
    last final_suspend() noexcept { return {}; }
    void return_value(int x) { v = x; }
    void unhandled_exception() { abort(); }
    plain yield_value(int place) noexcept { return plain{place}; }
};
using task = basic_task<std::suspend_always>;
using eager = basic_task<std::suspend_never>;
task child(int place) {
    co_await plain{place};
    co_return 1;
}
struct with_destructor {
    int x;
    ~with_destructor() { sink = x; }
};
"""

TAIL = r"""int main(int, char**) {
    std::vector<task> kept;
    std::vector<eager> kept_eager;
    kept.reserve(8192);
    kept_eager.reserve(8192);
    auto show = [](std::coroutine_handle<> h, int function, int resumes) {
        for (int i = 0; i < resumes; i++)
            g_leaf.resume();
        printf("%lx %d %d %d\n", (unsigned long)h.address(), g_place / 100, g_place % 100, function);
    };
    auto lazily = [&](auto make, int function, int resumes) {
        kept.push_back(make());
        auto h = kept.back().h;
        h.resume();
        show(h, function, resumes);
    };
    auto at_once = [&](auto make, int function, int resumes) {
        kept_eager.push_back(make());
        show(kept_eager.back().h, function, resumes);
    };
"""

# What a body is made of: lines, each @ a suspend point of its own. Every element suspends once when it runs, but for
# what `stops` says. `odd` elements are not in the plain program.
PLAIN = {
    "plain": (["r += co_await plain{@};"], 1),
    "variable": (["plain w#{0};", "w#.place = @; r += co_await w#;"], 1),
    "outside": (['r += co_await outside{@, "abc"};'], 1),
    "maybe": (["co_await maybe{@};"], 1),
    "task": (["{ auto t = child(@); r += co_await t; }"], 1),
    "yield": (["co_yield @;"], 1),
    "if": (["if (r >= 0) {", "    r += co_await plain{@};", "    sink = r;", "}"], 1),
    "loop": (["for (int q = 0; q < 1; q++) {", '    std::string t = "x" + std::to_string(q);',
              "    co_await plain{@};", "    r += (int)t.size();", "}"], 1),
    "two": (["r = co_await plain{@} +", "    co_await plain{@};"], 2),
    "try": (["try {", '    co_await outside{@, "q"};', "} catch (int) {", "    sink = 1;", "}"], 1),
    "branches": (["if (yes) {", "    co_await plain{@};", "} else {", "    co_await plain{@};", "}"], 1),
}
ODD = {
    "continued": (["r +=", "    co_await plain{@};"], 1),
    "argument": (["sink = std::max(", "    r,", "    co_await plain{@});"], 1),
    "nested": (["r += co_await plain{@1", "    + 0 * co_await plain{@0", "    }};"], 2),
    "macro": (["r += AWAIT(plain{@});"], 1),
    "comment": (["// co_await plain{1};", "/* co_await", "   co_yield */", "r += co_await plain{@};"], 1),
    "string": (['sink = sizeof("co_await } \\"") + sizeof(R"x(co_await " })x") + \'"\';', "r += co_await plain{@};"], 1),
    "lambda": (["auto l# = [&](int z) -> task {", "    co_await plain{0};", "    co_return z;", "};", "(void)l#;",
                "r += co_await plain{@};"], 1),
    "unrolled": (["for (int q = 0; q < 3; q++)", "    r += co_await plain{@};"], 3),
    "while": (["while (r >= 0 && co_await plain{@} > 1)", "    sink = 3;"], 1),
    "shared": (["if (yes) sink = 4;", "else sink = 5;", "co_await maybe{@};"], 1),
    "conditional": (["r += yes", "    ? co_await plain{@}", "    : co_await plain{@};"], 1),
    "subscript": (["int a#[2] = {1, 2};", "sink = a#[r & 0]; sink = a#[co_await plain{@} & 1];"], 1),
    "local_class": (["struct local# {", "    task f() { co_await plain{0}; co_return 1; }", "};",
                     "r += co_await plain{@};"], 1),
}
UNNUMBERED = {
    "constant": (["if constexpr (sizeof(int) == 3)", "    co_await plain{0};", "r += co_await plain{@};"], 1),
    "dead": (["if (sizeof(int) == 3)", "    co_await plain{0};", "r += co_await plain{@};"], 1),
    "header": (["for (int q = 0; q < 1; q += co_await plain{@2})", "    co_await plain{@1};"], 2),
    "left": (["at(co_await plain{@1}) =", "    co_await plain{@0};"], 2),
    "removed": (["#if 0", "co_await plain{0};", "#endif", "r += co_await plain{@};"], 1),
}


class Program:
    def __init__(self, seed, functions=200, odd=False):
        self.random = random.Random(seed)
        self.lines = HEAD.splitlines()
        self.calls = []
        self.points = 0
        if odd:
            self.lines += ["#define AWAIT(x) co_await x", "#include <algorithm>",
                           "static int places[2];", "static int& at(int i) { return places[i & 1]; }"]
        for number in range(functions):
            self.add_function(number, odd)
        self.lines += TAIL.splitlines()
        for number, stops, call, is_eager in self.calls:
            start = "at_once" if is_eager else "lazily"
            self.lines.append(f"    for (int j = 0; j < {stops}; j++) {start}([&] {{ return {call}; }}, {number}, j);")
        self.lines += ['    puts("READY");', "    fflush(stdout);", "    pause();", "}"]

    def text(self):
        return "\n".join(self.lines) + "\n"

    def add_body(self, kinds, numbered):
        number, stops = 0, 0
        for name, (lines, count) in kinds:
            here = "".join(lines).count("@")
            following = 0
            for line in lines:
                while "@" in line:
                    at = line.index("@")
                    given = line[at + 1:at + 2]
                    following += 1
                    place = following
                    if given.isdigit():  # numbered in another order than written
                        line = line[:at + 1] + line[at + 2:]
                        place = int(given) + (0 if given == "2" else 1) if name != "header" else int(given)
                    line = line.replace("@", f"P({number + place if numbered else 0})", 1)
                self.lines.append("    " + line.replace("#", str(stops), 1 if line.startswith("#") else -1)
                                  if not line.startswith("#") else line)
            number += here
            stops += count
            if self.random.random() < 0.4:
                self.lines.append("    sink = r;")
        return stops

    def add_function(self, number, odd):
        choose = self.random
        pool = list(PLAIN.items())
        numbered = True
        if odd:
            pool += list(ODD.items())
            if number % 3 == 2:
                pool += list(UNNUMBERED.items())
                numbered = False
        kinds = [choose.choice(pool) for _ in range(choose.randint(1, 8))]
        parameters, arguments = choose.choice([
            ("int a", "{}"), ("int a, std::string s", '{}, "str"'),
            ("std::string s, int a, double d", '"str", {}, 1.5'), ("int a, const char* p", '{}, "p"')])
        arguments = arguments.format(number * 100)
        is_eager = odd and number % 4 == 1
        result = "eager" if is_eager else "task"
        end = "    co_return r; }"
        if number % 10 == 9:
            self.lines.append(f"template <class Q> {result} f{number}({parameters}) {{ int r = a;")
            call = f"f{number}<int>({arguments})"
        elif number % 10 == 8:
            self.lines.append(f"struct S{number} {{ int z = 3; {result} f({parameters}) {{ int r = a + z;")
            end = f"    co_return r; }} }};\nstatic S{number} s{number};"
            call = f"s{number}.f({arguments})"
        elif odd and number % 10 == 7:
            self.lines.append(f"static auto f{number} = []({parameters}) -> {result} {{ int r = a;")
            end = "    co_return r; };"
            call = f"f{number}({arguments})"
        else:
            self.lines.append(f"{result} f{number}({parameters}) {{ int r = a;")
            call = f"f{number}({arguments})"
        if choose.random() < 0.4:
            self.lines.append(f"    with_destructor d0{{{number}}};")
        if choose.random() < 0.3:
            self.lines.append("    std::vector<int> vv(3, r);")
        stops = self.add_body(kinds, numbered)
        self.lines += end.split("\n")
        self.calls.append((number, stops, call, is_eager))
        self.points += stops


if __name__ == "__main__":
    import sys
    program = Program(int(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3)
    print(program.text(), end="")
    print("suspend points", program.points, file=sys.stderr)
