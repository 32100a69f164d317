#include <catch2/catch.hpp>

#include "coroutines/source_tokens.hpp"

namespace {

using namespace tasks::inspect;

/// The lines of the words in the body of `f`, which the text declares on its first line; empty: declined.
std::vector<std::uint32_t> lines_in(const std::string& text, const std::string& name = "f") {
    std::vector<std::uint32_t> lines;
    for (const SourceToken& token : source_tokens(text, {name, 1, 0}).value_or(std::vector<SourceToken>{}))
        lines.push_back(token.line);
    return lines;
}

using Lines = std::vector<std::uint32_t>;

} // namespace

TEST_CASE("words are found on their lines") {
    CHECK(lines_in("task f(int a = {}) {\n co_await a;\n\n co_yield 1; co_await b;\n}\ntask g() { co_await c; }") ==
          Lines{2, 4, 4});
    CHECK(lines_in("template <class T> auto f(T t) -> task<T> {\n co_await t;\n}") == Lines{2});
    CHECK(lines_in("struct S { task f(int a) {\n co_await a; } };") == Lines{2});
    CHECK(lines_in("auto f = [x](int a) mutable -> task {\n co_await a; };", "operator()") == Lines{2});
}

TEST_CASE("comments, strings and raw strings hold no words") {
    CHECK(lines_in("task f() {\n // co_await \\\n co_await\n /* co_await\n */ auto s = \"co_await } \\\" co_await\";\n"
                   " auto c = '\"'; auto n = 1'000;\n auto r = R\"x(co_await )\" } )x\";\n co_await a;\n}") ==
          Lines{8});
}

TEST_CASE("words of nested lambdas and local classes belong to those") {
    CHECK(lines_in("task f() {\n auto l = [&, a](int b) -> task { co_await b; };\n struct s : t { task g() { co_await "
                   "1; } };\n"
                   " v[i] = 1; auto [a, b] = p; auto& [c, d] = q;\n co_await l(1);\n}") == Lines{5});
}

TEST_CASE("what cannot be sure is declined") {
    CHECK(lines_in("task f() {\n LOG(co_await a);\n}").empty());
    CHECK(lines_in("task f() {\n AWAIT(a);\n co_await b;\n}").empty());
    CHECK(lines_in("task f() {\n#if A\n co_await a;\n#else\n co_await b;\n#endif\n}").empty());
    CHECK(lines_in("task f() {\n for (;;i += co_await a)\n co_await b;\n}").empty());
    CHECK(lines_in("task f() {\n auto l = [x = co_await a] { };\n}").empty());
    CHECK(lines_in("task f();\n").empty());
    CHECK(lines_in("task f() {\n co_await a;\n").empty());
    CHECK(lines_in("DECLARE(f) {\n co_await a;\n}").empty());
    CHECK(lines_in("task g() {\n co_await a;\n}").empty());
}

TEST_CASE("words of one statement are ordered only where each has ended before the next") {
    const auto ordered = [](const std::string& statement) {
        const auto tokens = source_tokens("task f() {\n" + statement + ";\n}", {"f", 1, 0});
        REQUIRE(tokens);
        REQUIRE(tokens->size() == 2);
        return tokens->front().ordered && tokens->back().ordered;
    };
    CHECK(ordered("r = co_await a + co_await b"));
    CHECK(ordered("g(co_await a(1), co_await b)"));
    CHECK(ordered("if (co_await a) co_await b"));
    CHECK_FALSE(ordered("co_await a(co_await b)"));
    CHECK_FALSE(ordered("co_await co_await b"));
    CHECK_FALSE(ordered("co_yield 1 + co_await b"));
    CHECK_FALSE(ordered("x[co_await a] = co_await b"));
}

TEST_CASE("a word knows its statement and whether it is in a loop") {
    const auto tokens = source_tokens("task f() {\n r +=\n  co_await a;\n while (x) {\n  y();\n  co_await b;\n }\n"
                                      " co_await c;\n}",
                                      {"f", 1, 0});
    REQUIRE(tokens);
    REQUIRE(tokens->size() == 3);
    CHECK((*tokens)[0].statement_first == 2);
    CHECK((*tokens)[0].statement_last == 3);
    CHECK_FALSE((*tokens)[0].in_loop);
    CHECK((*tokens)[1].in_loop);
    CHECK_FALSE((*tokens)[2].in_loop);
}

TEST_CASE("every cut of a source is read to its end") {
    const std::string text = "task f() {\n auto s = R\"(x)\"; /* c */ [&](int) { co_await a; }(1);\n#define X\n"
                             " for (auto x : {1, 2}) { co_await g(\"a\\\"b\", 'c', 1.5e+3, [](auto...) {}); }\n}";
    for (std::size_t size = 0; size <= text.size(); ++size)
        source_tokens(std::string_view{text}.substr(0, size), {"f", 1, 0});
    SUCCEED();
}
