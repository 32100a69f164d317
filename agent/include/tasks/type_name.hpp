// Names of types as names of tasks: demangled once a type, and kept as long as the process, since the table keeps only
// a name's address while it runs. Any thread; takes a lock where a thread asks for another type than last time.
#pragma once

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <typeindex>
#include <typeinfo>
#include <unordered_map>

#include <cxxabi.h>

namespace tasks::adapters {

/// "wrapper<X>" with `wrapper` "wrapper<" is "X". Where there is no memory, the name as the compiler mangles it.
inline const char* type_name(const std::type_info& type, std::string_view wrapper = {}) noexcept {
    thread_local const std::type_info* last = nullptr;
    thread_local const char* last_name = nullptr;
    if (last == &type)
        return last_name;
    static std::mutex mutex;
    static auto& known =
        *new std::unordered_map<std::type_index, const char*>; // never destroyed: exits come in any order
    const char* name = type.name();
    try {
        const std::lock_guard lock{mutex};
        auto& kept = known[type];
        if (kept == nullptr) {
            int status = 0;
            char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
            std::string whole = text == nullptr ? type.name() : text;
            std::free(text);
            if (!wrapper.empty() && whole.compare(0, wrapper.size(), wrapper) == 0 && whole.back() == '>')
                whole = whole.substr(wrapper.size(), whole.size() - wrapper.size() - 1);
            kept = ::strdup(whole.c_str());
        }
        name = kept == nullptr ? name : kept;
    } catch (const std::bad_alloc&) {
        return name;
    }
    last = &type;
    last_name = name;
    return name;
}

} // namespace tasks::adapters
