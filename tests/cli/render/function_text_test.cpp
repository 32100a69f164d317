#include "render/function_text.hpp"

#include <catch2/catch.hpp>

using tasks::render::short_function;
using tasks::render::site_function;

TEST_CASE("a lambda's call operator is the lambda") {
    CHECK(short_function("submit(Backend&)::{lambda()#1}::operator()() const") == "submit(Backend&)::{lambda}");
    CHECK(short_function("submit(Backend&)::{lambda(int, long)#2}::operator()(int, long) const") ==
          "submit(Backend&)::{lambda#2}");
    CHECK(short_function("auto run()::{lambda(auto:1)#1}::operator()<int>(int) const") == "run()::{lambda}");
}

TEST_CASE("a lambda by its name in debug information is the lambda") {
    CHECK(short_function("submit(Backend&)::<lambda(int)>::operator()(int) const") == "submit(Backend&)::{lambda}");
    CHECK(short_function("std::__invoke<submit(Backend&)::<lambda()> >") == "std::__invoke<...>");
}

TEST_CASE("long template arguments and parameters become dots") {
    CHECK(short_function("std::thread::_State_impl<std::thread::_Invoker<std::tuple<submit(Backend&)::{lambda()#1}> > "
                         ">::_M_run()") == "std::thread::_State_impl<...>::_M_run");
    CHECK(short_function("f(std::map<std::string, std::vector<int> > const&, int)") == "f(...)");
    CHECK(short_function("Channel<int>::send(int)") == "Channel<int>::send(int)");
    CHECK(short_function("void std::__invoke_impl<void, submit(Backend&)::{lambda()#1}>(std::__invoke_other, "
                         "submit(Backend&)::{lambda()#1}&&)") == "std::__invoke_impl<...>(...)");
}

TEST_CASE("operators keep their names") {
    CHECK(short_function("Functor::operator()(int) const") == "Functor::operator()(int)");
    CHECK(short_function("Functor::operator()") == "Functor::operator()");
    CHECK(short_function("operator<<(std::ostream&, X)") == "operator<<(std::ostream&, X)");
    CHECK(short_function("P::operator->()") == "P::operator->");
}

TEST_CASE("short names stay") {
    CHECK(short_function("main") == "main");
    CHECK(short_function("(anonymous namespace)::wait()") == "(anonymous namespace)::wait");
    CHECK(short_function("") == "");
}

TEST_CASE("damaged names come to an end") {
    CHECK(short_function("a<<<(((") == "a<<<(((");
    CHECK(short_function("{lambda") == "{lambda}");
    CHECK(short_function(">>>)))") == ">>>)))");
}

TEST_CASE("a name of several words is no function with a return type") {
    CHECK(short_function("charge card") == "charge card");
    CHECK(short_function("int charge(int)") == "charge(int)");
}

TEST_CASE("a site's function has parameters that are not known") {
    CHECK(site_function("submit") == "submit(...)");
    CHECK(site_function("operator()") == "operator()");
}

TEST_CASE("what compilers add to the names of coroutines, and g++'s unnamed namespace, read as in the source") {
    REQUIRE(short_function("ns::serve(int) [clone .actor]") == "ns::serve(int)");
    REQUIRE(short_function("serve() [clone .resume]") == "serve");
    REQUIRE(short_function("{anonymous}::Pool::Pool()::<lambda()>") == "(anonymous namespace)::Pool::Pool()::{lambda}");
}
