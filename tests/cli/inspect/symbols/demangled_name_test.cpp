#include <catch2/catch.hpp>

#include "symbols/demangled_name.hpp"

using tasks::inspect::demangled_name;

TEST_CASE("a mangled name becomes what the source says") {
    REQUIRE(demangled_name("_ZN1a1bEi") == "a::b(int)");
    REQUIRE(demangled_name("_ZZ6submitR7BackendENKUlvE_clEv") == "submit(Backend&)::{lambda()#1}::operator()() const");
}

TEST_CASE("names of C are as they are, without the version that the linker knows") {
    REQUIRE(demangled_name("main") == "main");
    REQUIRE(demangled_name("read@@GLIBC_2.2.5") == "read");
    REQUIRE(demangled_name("_ZN1a1bEi@@V1") == "a::b(int)");
    REQUIRE(demangled_name("@") == "@");
    REQUIRE(demangled_name("") == "");
}

TEST_CASE("what is no valid mangled name comes back unchanged") {
    REQUIRE(demangled_name("_Z") == "_Z");
    REQUIRE(demangled_name("_Znonsense") == "_Znonsense");
}

TEST_CASE("an endless name is cut") {
    const std::string endless(1 << 20, 'x');
    REQUIRE(demangled_name(endless.c_str()) == endless.substr(0, tasks::inspect::longest_mangled_name));
}
