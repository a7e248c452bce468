/*
 * What programs of others, and their plugins, get to see of this process's environment: where they find things and how they
 * talk, and no tokens of the user's.
 */

const names = new Set([
  ...["path", "home", "user", "logname", "shell", "lang", "language", "term", "tz", "pwd"],
  ...["tmpdir", "temp", "tmp", "display", "wayland_display", "xauthority", "dbus_session_bus_address"],
  ...["http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"],
  ...["ssl_cert_file", "ssl_cert_dir", "curl_ca_bundle", "ld_library_path", "apt_config"],
  // Windows
  ...["systemroot", "systemdrive", "windir", "comspec", "pathext", "username", "userprofile", "homedrive"],
  ...[
    "homepath",
    "appdata",
    "localappdata",
    "programdata",
    "programfiles",
    "programfiles(x86)",
    "programw6432",
  ],
]);

const prefixes =
  /^(lc|xdg|vagrant|libvirt|virsh|vbox|qemu|vmware|gem|ruby|bundle|ha_rancher|processor)_|^rubyopt$/;

/**
 * The variables that are passed on to programs of others: Vagrant, its plugins and its hypervisors, OpenSSH, Debian's tools. All of
 * them go to `pulumi`, to this program itself, and to Go, npm and pip, which need what their users have set for them.
 */
export const passedOn = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(([name]) => {
      const plain = name.toLowerCase();
      return names.has(plain) || prefixes.test(plain);
    }),
  );
