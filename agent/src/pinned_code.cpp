#include "pinned_code.hpp"

#include <dlfcn.h>
#include <link.h>

// Weak: a fully static program has neither, and linking them in would make the linker warn.
extern "C" {
#ifdef DLFO_STRUCT_HAS_EH_DBASE
#pragma weak _dl_find_object
#endif
#pragma weak dlopen
}

namespace tasks::agent {

void pin_code() noexcept {
#ifdef DLFO_STRUCT_HAS_EH_DBASE // glibc 2.35; dladdr() would take the loader's lock in every program
    if (&::_dl_find_object == nullptr || &::dlopen == nullptr)
        return;
    dl_find_object found{};
    if (::_dl_find_object(reinterpret_cast<void*>(&pin_code), &found) != 0 || found.dlfo_link_map == nullptr)
        return;
    const char* path = found.dlfo_link_map->l_name;
    if (path != nullptr && *path != '\0') // the program itself has no path
        ::dlopen(path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
#endif
}

} // namespace tasks::agent
