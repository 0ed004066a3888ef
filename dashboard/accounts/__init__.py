"""Who somebody is: accounts, passwords, sessions, and the pages on which people sign in.

============ =====================================================================================
people       accounts as the office keeps them: make, change, switch off, one-time passwords
duties       who is on duty for a department, from when to when
passwords    what is kept of a password, and which ones are taken
lockout      how long an account is closed after failures
signin       one attempt to sign in; one change of a password
sessions     who has signed in: signed cookies, ended by time, by the person or by the office
trail        entries of the audit trail that are no change of a row
address      where somebody goes after signing in
routes       /signin, /password, /signout
known        who looks at the page that Streamlit draws
mistakes     what is said where a page failed for a reason that is known
============ =====================================================================================

Only `known` and `mistakes` need Streamlit.
"""
