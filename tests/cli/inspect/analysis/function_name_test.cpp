#include "analysis/function_name.hpp"

#include <catch2/catch.hpp>

using tasks::inspect::nesting_end;
using tasks::inspect::without_return_type;

TEST_CASE("a return type is told from a name with blanks in its brackets") {
    CHECK(without_return_type("void std::__invoke_impl<void, X>(X&&)") == "std::__invoke_impl<void, X>(X&&)");
    CHECK(without_return_type("std::map<int, long> make<int>(int, long)") == "make<int>(int, long)");
    CHECK(without_return_type("unsigned long count<int>(int)") == "count<int>(int)");
    CHECK(without_return_type("submit(Backend&, int)") == "submit(Backend&, int)");
    CHECK(without_return_type("main") == "main");
    CHECK(without_return_type("") == "");
}

TEST_CASE("operators and unnamed namespaces belong to the name") {
    CHECK(without_return_type("Handle::operator bool() const") == "Handle::operator bool() const");
    CHECK(without_return_type("operator new(unsigned long)") == "operator new(unsigned long)");
    CHECK(without_return_type("void (anonymous namespace)::run<int>(int)") == "(anonymous namespace)::run<int>(int)");
    CHECK(without_return_type("decltype(auto) f<int>(int)") == "f<int>(int)");
    CHECK(without_return_type("std::ostream& operator<< <char>(std::ostream&, char)") ==
          "operator<< <char>(std::ostream&, char)");
}

TEST_CASE("nesting counts brackets but not arrows and operators") {
    CHECK(nesting_end("<a<b>>c", 0) == 6);
    CHECK(nesting_end("(decltype(x->y))z", 0) == 16);
    CHECK(nesting_end("<&A::operator<>z", 0) == 15);
    CHECK(nesting_end("<never", 0) == 6);
}
