/* Plugins are found, and everything else is refused in one sentence. */
#include "core/plugin/loader.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

/* A folder of this run's own, beside the built test plugins. */
static const char *
built(apr_pool_t *pool)
{
	const char *top = getenv("top_builddir");

	return apr_pstrcat(pool, top != NULL ? top : ".", "/tests/lib/.libs",
	    NULL);
}

static apr_array_header_t *
folders_of(const char *folder, apr_pool_t *pool)
{
	apr_array_header_t *folders = apr_array_make(pool, 1,
	    sizeof(const char *));

	APR_ARRAY_PUSH(folders, const char *) = folder;
	return folders;
}

static const char *
make_folder(apr_pool_t *pool)
{
	char *folder = apr_pstrdup(pool, "/tmp/syncgate-loader.XXXXXX");

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	return folder;
}

static void
refused(const char *name, const char *folder, const char *part,
    apr_pool_t *pool)
{
	const syncgate_plugin_t *plugin;
	const char *path;

	CU_ASSERT(expect_error(syncgate_plugin_load(&plugin, &path, name,
	    folders_of(folder, pool), pool), XN_E_PLUGIN, part));
}

static void
a_plugin_is_loaded_and_unloaded(void)
{
	apr_pool_t *pool = expect_pool(), *life;
	const syncgate_plugin_t *plugin = NULL;
	const char *path;
	void *handle;

	apr_pool_create(&life, pool);
	CU_ASSERT(expect_error(syncgate_plugin_load(&plugin, &path,
	    "testplugin", folders_of(built(pool), pool), life), 0, ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(plugin);
	CU_ASSERT_STRING_EQUAL(plugin->name, "testplugin");
	CU_ASSERT_EQUAL(plugin->abi, SYNCGATE_PLUGIN_ABI);
	path = apr_pstrdup(pool, path);
	handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	CU_ASSERT_PTR_NOT_NULL(handle);
	if (handle != NULL)
		dlclose(handle);
	apr_pool_destroy(life);
	CU_ASSERT_PTR_NULL(dlopen(path, RTLD_NOW | RTLD_NOLOAD));
	apr_pool_destroy(pool);
}

static void
another_abi_is_refused_with_both_numbers(void)
{
	apr_pool_t *pool = expect_pool();

	refused("oldplugin", built(pool), apr_psprintf(pool,
	    "built for plugin ABI 99, this program has %d: rebuild it",
	    SYNCGATE_PLUGIN_ABI), pool);
	apr_pool_destroy(pool);
}

static void
what_is_not_a_plugin_says_why(void)
{
	apr_pool_t *pool = expect_pool();
	const char *folder = make_folder(pool);
	const char *text = apr_pstrcat(pool, folder, "/text.so", NULL);
	const char *other = apr_pstrcat(pool, folder, "/other.so", NULL);
	const char *libc = apr_pstrcat(pool, folder, "/library.so", NULL);
	Dl_info info;
	int fd = open(text, O_CREAT | O_WRONLY, 0600);

	CU_ASSERT_EQUAL(write(fd, "hello\n", 6), 6);
	close(fd);
	CU_ASSERT_EQUAL(symlink(apr_pstrcat(pool, built(pool),
	    "/testplugin.so", NULL), other), 0);
	CU_ASSERT(dladdr((void *)(uintptr_t)apr_initialize, &info) != 0);
	CU_ASSERT_EQUAL(symlink(info.dli_fname, libc), 0);
	refused("text", folder, "it cannot be loaded", pool);
	refused("other", folder, "it calls itself \"testplugin\"", pool);
	refused("library", folder, "does not export syncgate_plugin", pool);
	unlink(text);
	unlink(other);
	unlink(libc);
	rmdir(folder);
	apr_pool_destroy(pool);
}

static void
an_unknown_one_names_folders_and_the_nearest(void)
{
	apr_pool_t *pool = expect_pool();

	refused("testplguin", built(pool), built(pool), pool);
	refused("testplguin", built(pool), "did you mean \"testplugin\"?",
	    pool);
	refused("x", "/nonexistent", "no plugin \"x\" in /nonexistent", pool);
	refused("../x", built(pool), "not a plugin's name", pool);
	refused("", built(pool), "not a plugin's name", pool);
	apr_pool_destroy(pool);
}

static void
folders_have_an_order(void)
{
	apr_pool_t *pool = expect_pool();
	const char *saved = getenv("SYNCGATE_PLUGIN_DIR");
	apr_array_header_t *folders;

	saved = saved != NULL ? apr_pstrdup(pool, saved) : NULL;
	apr_env_set("SYNCGATE_PLUGIN_DIR", "/e/1:/e/2", pool);
	folders = syncgate_plugin_folders("/option", pool);
	CU_ASSERT_FATAL(folders->nelts >= 4);
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(folders, 0, const char *),
	    "/option");
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(folders, 1, const char *),
	    "/e/1");
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(folders, 2, const char *),
	    "/e/2");
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(folders, folders->nelts - 1,
	    const char *), PKGLIBDIR "/plugins");
	if (saved != NULL)
		apr_env_set("SYNCGATE_PLUGIN_DIR", saved, pool);
	else
		apr_env_delete("SYNCGATE_PLUGIN_DIR", pool);
	apr_pool_destroy(pool);
}

static const struct xn_test_case cases[] = {
	{ "a plugin is loaded, and unloaded with its pool",
	    a_plugin_is_loaded_and_unloaded },
	{ "another ABI is refused with both numbers",
	    another_abi_is_refused_with_both_numbers },
	{ "what is not a plugin says why", what_is_not_a_plugin_says_why },
	{ "an unknown one names the folders and the nearest",
	    an_unknown_one_names_folders_and_the_nearest },
	{ "folders are looked through in order", folders_have_an_order },
};

XN_TEST_MAIN("loader", cases)
